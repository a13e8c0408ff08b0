"""The entry point of the command `isnad`."""

import gc
import sys


def main() -> None:
    """Run the command line. A server is started without what other commands load, which would be
    half as much again."""
    if sys.argv[1:2] == ["serve"]:
        gc.disable()  # what is loaded stays; `app.server.make_app` enables it again
        from app.cli import serve

        serve.main(sys.argv[2:])
    else:
        from app.cli.main import main as run

        run()
