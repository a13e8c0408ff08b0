"""Pages of other sites become articles of ours.
Public modules: `pages`.
It parses with `formats`, fetches with `outbound` and writes through `desk`.
"""
