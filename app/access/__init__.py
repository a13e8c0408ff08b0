"""Turns the key of a request into a `Caller`, who has a role and scopes.
Public modules: `authentication`.
It knows keys and their roles; it does not know articles, routes or what a role may see of a
story.
"""
