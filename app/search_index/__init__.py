"""Writes the search index, in the transaction that changes the story.
Face: `writer` and `text` (which texts of a story are searched).
It does not answer searches.
"""
