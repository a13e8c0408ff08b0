"""The chain of attribution: who said what, from whom, as data and as a credit line.
Public modules: `chain` (attributions, credit lines) and `known_sources` (the catalogue of agencies that a
new installation starts with).
It is pure: no database, no request.
"""
