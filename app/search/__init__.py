"""Answers searches, suggestions and "did you mean"; rebuilds the index.
Public modules: `results`, `suggestions`, `rebuild`, `active_index`.
It reads the index that `search_index` writes, and shows stories through `delivery`.
"""
