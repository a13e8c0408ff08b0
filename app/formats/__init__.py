"""Formats of standards, one module or package each, read and written.
Public modules: `body`, `page`, `feeds`, `inline_html`, `jsonld`, `embeds`.
They know shapes only: no database, no request, no settings.
"""
