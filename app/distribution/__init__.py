"""What leaves the installation in bulk or is followed: the change feed, feeds, lines of JSON.
Public modules: `change_feed`, `feeds`, `ndjson`.
It reads through `delivery`, so that every right that holds there holds here.
"""
