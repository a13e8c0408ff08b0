"""Writes what stories share: sections, tags, contributors, sources, images, dispatches.
Face: `kinds` (what the kinds differ in), `editing`, `verbs`, `image_files`,
`confidential_sources`, `seed`.
It does not know how stories are written.
"""
