"""Keeps answers to anonymous readers and drops them when the change log names what they show.
Public modules: `response_cache`, `invalidation`, `fragments`, `cdn_purge` and `cdn_targets` (caches in
front of us).
It knows surrogate keys, not what an article is.
"""
