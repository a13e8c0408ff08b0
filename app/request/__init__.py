"""Reads what a client sends: filters, fields, cursors, JSON bodies, patches, multipart, names.
Public modules: `filters`, `fields`, `output`, `search`, `cursors`, `json_body`, `json_patch`, `multipart`,
`hints`, `strict_json`.
It holds no SQL and knows no routes; every error names the parameter or the JSON Pointer.
"""
