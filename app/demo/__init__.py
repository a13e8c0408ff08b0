"""Demo stories, and the command that loads them.
Public modules: `load.load`.
It writes through the desk, as an editor would; nothing else may depend on it.
"""
