"""Engines, readers, dialects, full text, batches of writes and the migrations runner.
Public modules: `database.Database`, `dialects`, `fulltext`, `failures` (why a database cannot answer now)
and `migrate`.
It alone names SQLite and PostgreSQL, and it does not know articles.
"""
