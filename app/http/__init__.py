"""How the server speaks HTTP/1.1: what it reads from a connection, and how much, before a request is complete.
Its face is `bounded_protocol.BoundedProtocol`, which uvicorn runs for each connection.
It knows the errors' shape, and nothing of routes, articles or databases.
"""
