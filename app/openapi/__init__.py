"""Completes the OpenAPI document: schemas fit for generated clients, examples, descriptions.
Public modules: `document.complete_operation` and `schemas`.
It changes the document alone; it does not change what a route does.
"""
