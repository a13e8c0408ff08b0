"""From an article to its stored JSON documents. Its modules are imported one by one. It knows nothing of
requests, callers or HTTP."""
