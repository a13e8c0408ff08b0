"""Rules of languages and their writing: folding, tokens, stems, slugs, dates read and written.
Public modules: one for each rule, a pure function of text.
It knows no request, no database and no format.
"""
