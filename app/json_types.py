"""Names of JSON values in annotations."""

from typing import Any

Json = dict[str, Any]
"""A JSON object, as Python reads it."""
