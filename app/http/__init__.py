"""How the server speaks HTTP: connections, the outermost layer, caching headers, encodings.
Public modules: `bounded_protocol` and `intake` (limits of connections), `edge`, `fast_path`, `responses`,
`html_pages`.
It knows the errors' shape, and nothing of articles or databases.
"""
