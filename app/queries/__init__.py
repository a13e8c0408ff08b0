"""SQL for reading, and the one condition of who may see what (`visibility`).
Face: a module for each kind of question; each makes statements and reads rows.
It writes nothing, renders nothing, and parses no request.
"""
