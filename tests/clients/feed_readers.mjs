// Feeds as Node's readers have them. Standard input: {name: text of a feed}. Standard output: an array of
// rows {reader, feed, entries}; `entries` is null where the reader refuses the feed. An entry has the
// fields of tests/support/feed_readers.py, each from the field that the reader documents for it.
import { text } from 'node:stream/consumers'
import { parseFeed as rowanmanning } from '@rowanmanning/feed-parser'
import FeedParser from 'feedparser'
import { parseFeed as feedsmith } from 'feedsmith'
import RssParser from 'rss-parser'

const picture = (files) => files?.find((file) => file?.type?.startsWith('image/'))?.url

const readers = {
  async 'rss-parser'(feed) {
    const { items } = await new RssParser().parseString(feed)
    return items.map((item) => ({
      title: item.title,
      published: item.isoDate,
      authors: [item.creator ?? item.author],
      summary: item.summary ?? item.content,
      body: item['content:encoded'] ?? (item.summary ? item.content : undefined),
      picture: picture([item.enclosure]),
      language: item.language,
    }))
  },

  async feedsmith(feed) {
    const { format, feed: found } = feedsmith(feed)
    return (found.items ?? found.entries).map((item) => {
      const [shown] = item.media?.contents?.filter((one) => one.medium === 'image') ?? []
      const media = { picture: shown?.url, credit: shown?.credits?.[0].value }
      if (format === 'json') {
        return {
          title: item.title,
          published: item.date_published,
          updated: item.date_modified,
          authors: item.authors?.map((author) => author.name),
          summary: item.summary,
          body: item.content_html ?? item.content_text,
          picture: item.image,
          language: item.language,
        }
      }
      if (format === 'atom') {
        return {
          title: item.title.value,
          published: item.published,
          updated: item.updated,
          authors: item.authors?.map((author) => author.name),
          summary: item.summary?.value,
          body: item.content?.value,
          ...media,
          language: item.xml?.lang,
        }
      }
      return {
        title: item.title,
        published: item.pubDate,
        updated: item.atom?.updated,
        authors: item.dc?.creators,
        summary: item.description,
        body: item.content?.encoded,
        ...media,
        language: item.xml?.lang,
      }
    })
  },

  async '@rowanmanning/feed-parser'(feed) {
    return rowanmanning(feed).items.map((item) => ({
      title: item.title,
      published: item.published,
      updated: item.updated,
      authors: item.authors.map((author) => author.name),
      summary: item.description,
      body: item.content,
      picture: item.image?.url,
    }))
  },

  async 'feedparser (npm)'(feed) {
    const items = []
    await new Promise((resolve, reject) => {
      const parser = new FeedParser({})
      parser.on('data', (item) => items.push(item)).on('error', reject).on('end', resolve).end(feed)
    })
    return items.map((item) => ({
      title: item.title,
      published: item.pubdate,
      updated: item.date,
      authors: [item.author],
      summary: item.summary,
      body: item.description,
      picture: item.image.url ?? picture(item.enclosures),
    }))
  },
}

const feeds = JSON.parse(await text(process.stdin))
const rows = []
for (const [reader, read] of Object.entries(readers)) {
  for (const [feed, body] of Object.entries(feeds)) {
    const entries = await read(body).catch(() => null)
    rows.push({ reader, feed, entries })
  }
}
console.log(JSON.stringify(rows))
