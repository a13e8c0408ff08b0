"""News pages, taken apart: HTML, or the text of a page as a browser copies it."""
