"""Rules of languages and their writing: folding, tokens, stems, slugs, dates read and written.
Face: a module for each rule, a pure function of text.
It knows no request, no database and no format.
"""
