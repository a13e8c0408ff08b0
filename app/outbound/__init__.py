"""Fetches of addresses that somebody outside gave: of pages now, of pictures and deliveries later.
Its face is `fetch.fetch`, and `addresses.Guard`, which says which addresses may be connected to.
It knows nothing of articles; caches that an operator names in the settings are called without it.
"""
