"""`python -m app` is the command `isnad`."""

from app.cli.entry import main

main()
