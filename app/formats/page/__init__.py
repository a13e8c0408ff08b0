"""News pages, taken apart: HTML, or the text of a page as a browser copies it.
Public modules: `parse` and `model.Page`, what a parser finds.
Nothing is fetched, saved or looked up.
"""
