"""Writes the search index, in the transaction that changes the story.
Public modules: `writer` and `text` (which texts of a story are searched).
It does not answer searches.
"""
