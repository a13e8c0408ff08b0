"""Names and headlines as they are looked up while somebody types."""

LONGEST_KEY = 60


def key(words: list[str]) -> str:
    """Words as they are looked up while somebody types: without the article of the first."""
    first = words[0].removeprefix("ال") if len(words[0]) > 3 else words[0]
    return " ".join([first, *words[1:]])[:LONGEST_KEY]
