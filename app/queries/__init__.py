"""SQL for reading, and the one condition of who may see what (`visibility`).
Public modules: one for each kind of question; each writes statements. `list_plan` and `log_position` also run theirs.
It writes nothing, renders nothing, and parses no request.
"""
