"""Writes a whole installation as JSON lines and restores it into an empty database. Face:
`export`, `restore`, `dump_format` (the lines) and `redaction` (names of confidential sources).
It does not know requests."""
