"""How a command ends when something is wrong with settings, arguments or the database."""

import contextlib
import sys
from collections.abc import Iterator

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.exc import SQLAlchemyError

from app.config import ConfigError, Settings
from app.db.failures import failure_of, first_line
from app.db.migrate import SchemaMismatch


@contextlib.contextmanager
def reported_errors() -> Iterator[None]:
    """Print an error that the operator can mend as one line, and exit with 2. Other errors pass."""
    try:
        yield
    except ValidationError as wrong:
        stop("; ".join(describe(fault) for fault in wrong.errors()))
    except (ConfigError, SchemaMismatch) as wrong:
        stop(str(wrong))
    except Exception as wrong:
        failure = failure_of(wrong)
        if failure is None and not isinstance(wrong, (SQLAlchemyError, OSError)):
            raise
        stop(failure.line if failure else first_line(wrong))


def describe(fault: ErrorDetails) -> str:
    """What is wrong with a value, with the name of its variable where it is a setting's."""
    said = fault["msg"].removeprefix("Value error, ")
    name = str(fault["loc"][0]) if fault["loc"] else ""
    setting = name in Settings.model_fields and "ISNAD_" not in said
    return f"ISNAD_{name.upper()}: {said}" if setting else said


def stop(why: str) -> None:
    typer.echo(f"isnad: {why}", err=True)
    sys.exit(2)
