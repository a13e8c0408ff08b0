"""Reads what a client sends. Modules here turn bytes of a request into checked values and report
every fault with its place. They know nothing of SQL, of stories or of answers."""
