"""`python -m app` is the command `isnad`."""

from app.cli.main import main

main()
