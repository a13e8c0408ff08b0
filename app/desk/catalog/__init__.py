"""Writes catalog items: sections, tags, contributors, sources, images, dispatches.
Public modules: `kinds` (what the kinds differ in), `editing`, `verbs`, `image_files`, `seed`.
It does not know how articles are written.
"""
