"""`python -m app` is the command `isnad`."""

from app.cli import main

main()
