"""Writes articles: creates, revises, publishes, corrects and schedules them; posts live updates.
Public modules: `publishing`, `content`, `editing`, `corrections`, `schedule`, `live_updates`, `bodies`.
It does not know HTTP; errors name the JSON Pointer of what was sent.
"""
