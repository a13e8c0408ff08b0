"""Fetches addresses that somebody outside gave: pages now, pictures and deliveries later.
Public modules: `fetch.fetch`, and `addresses.Guard`, which says which addresses may be connected to.
It knows nothing of articles; caches that an operator names in the settings are called without it.
"""
