"""Writes stories: create, revise, publish, correct, schedule, post live updates.
Face: `publishing`, `editing`, `corrections`, `schedule`, `live_updates`, `bodies`.
It does not know HTTP; errors name the JSON Pointer of what was sent.
"""
