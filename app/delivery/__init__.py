"""The read plane: one article, lists, includes, history, fronts and previews.
Public modules: `context` (what a read needs), and a module for each kind of answer.
It reads stored documents; it does not write, and it does not know the desk.
"""
