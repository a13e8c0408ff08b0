"""Feeds: RSS 2.0, Atom (RFC 4287) and JSON Feed 1.1, each a function of one `Feed`.
Public modules: `feed.Feed` and `rss`, `atom`, `json_feed`; `content_html` writes a story as HTML inside a
feed.
They do not choose the stories.
"""
