"""Programs that use generated clients, and what makes the clients: tests/test_clients.py."""
