"""The whole database written as JSON lines and read back. Modules from `app/` that do this move here
later (LAYOUT: backup/). Nothing in here answers requests.
"""
