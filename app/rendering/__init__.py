"""From an article to its stored JSON documents, and what stays open in them until they are served.
Public modules: `documents`, `blocks`, `references`, `live_updates`, `placeholders`, `catalog`,
`dependents`, `confidential`, `desk_fields`.
It knows nothing of requests, callers or HTTP.
"""
