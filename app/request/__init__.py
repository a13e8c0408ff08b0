"""Reads what a client sends: so far the hints at names that it may have meant.
Its face is `hints.nearest`, which every error about an unknown name uses.
It knows no SQL and no routes.
"""
