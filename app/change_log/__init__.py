"""Records every change in commit order, without gaps, and what each change makes stale.
Public modules: `record` (writes rows), `surrogate_keys` (what rows make stale) and `due_moments`
(publications and expiries that fall due).
It does not know how answers are rendered or cached.
"""
