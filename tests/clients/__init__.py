"""Programs that use generated clients, and what makes the clients: tests/contract/test_clients.py."""
