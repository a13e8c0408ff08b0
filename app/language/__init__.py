"""Rules of languages and their writing: quotation marks, characters that were decoded wrongly.
Its modules are called by the models and the formats; each is a pure function of text.
It knows no request, no database and no format."""
