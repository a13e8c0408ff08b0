"""The chain of attribution (isnad) as pure functions: checked, walked, put as a credit line.

The order, separators, grouping and language forms are data: `data/credit_lines.json`.
"""

import hashlib
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import orjson

from app.models.base import pick

RAW = files("app").joinpath("data/credit_lines.json").read_bytes()
RULES: dict[str, Any] = orjson.loads(RAW)
STAMP = hashlib.sha256(RAW).hexdigest()[:8]
"""Changes with the data, so that documents are rendered again."""

ORIGINAL = "original"
"""Id of the link whose address is the page that another publisher's story was imported from."""


class BadChain(ValueError):
    """A chain that can't be: a cycle, a link through nothing, an id twice."""


@dataclass(frozen=True, slots=True)
class Link:
    """One attribution of a story."""

    id: str
    source_id: str
    role: str
    scope: str
    scope_id: str
    via: str | None
    position: int


@dataclass(frozen=True, slots=True)
class Credited:
    """A source as the credit line needs it."""

    id: str
    kind: str
    name: Mapping[str, str]
    credit: Mapping[str, str]

    def form(self, lang: str) -> str:
        return self.credit.get(lang) or self.name.get(lang) or next(iter(self.name.values()))

    def any_form(self, lang: str, default: str) -> str:
        """Its form under a picture, where a credit in another language is better than a name."""
        return pick(dict(self.credit or self.name), lang, default)


def check(links: Sequence[Link]) -> None:
    """Refuse a chain that has no origin."""
    via = {link.id: link.via for link in links}
    if len(via) != len(links):
        raise BadChain("Two attributions have the same id.")
    sound: set[str] = set()
    for start in via:
        path: dict[str, None] = {}
        at: str | None = start
        while at is not None and at not in sound:
            if at in path:
                raise BadChain(f"The chain of {start!r} comes back to {at!r}.")
            if at not in via:
                raise BadChain(f"{next(reversed(path))!r} came through {at!r}, which is not there.")
            path[at] = None
            at = via[at]
        sound |= path.keys()


def dependents(links: Sequence[Link], named: Iterable[str]) -> list[tuple[Link, list[str]]]:
    """Every link that rests on these, directly (`[]`) or through others (their ids, in order)."""
    wanted, by_id = set(named), {link.id: link for link in links}
    found = []
    for link in links:
        through: list[str] = []
        at: Link | None = link
        while at and at.id not in wanted:
            at = by_id.get(at.via or "")
            if at:
                through.append(at.id)
        if at:
            found.append((link, through))
    return found


def resting(links: Sequence[Mapping[str, Any]], gone: Container[str]) -> set[str]:
    """Ids of the story, blocks and images that rest on these dispatches, directly or through the
    chain. `links`: attributions as JSON."""
    return {link.scope_id for link in resting_links(links, gone)}


def resting_links(links: Sequence[Mapping[str, Any]], gone: Container[str]) -> list[Link]:
    """The links that rest on these dispatches, directly or through others."""
    named = {link["id"] for link in links if link["dispatch_id"] in gone}
    if not named:
        return []
    chain = [
        Link(
            id=link["id"], source_id="", role=link["role"], scope="",
            scope_id=next(iter(link["scope"].values())), via=link["via"], position=place,
        )
        for place, link in enumerate(links)
    ]  # fmt: skip
    return [link for link, _ in dependents(chain, named)]


def credited(links: Sequence[Link], sources: Mapping[str, Credited]) -> list[str]:
    """Ids of the sources in the order of credit: the first scopes that name any, then by kind."""
    for scopes in RULES["scopes"]:
        named = [
            link for link in links
            if link.scope in scopes and (link.role in RULES["roles"] or link.scope == "image")
        ]  # fmt: skip
        if named:
            ids = dict.fromkeys(link.source_id for link in sorted(named, key=position))
            return sorted(ids, key=lambda one: RULES["order"].index(sources[one].kind))
    return []


def position(link: Link) -> int:
    """The place of a link in the order of the attributions."""
    return link.position


def credit_lines(
    links: Sequence[Link], sources: Mapping[str, Credited], langs: Iterable[str]
) -> dict[str, str]:
    """The sentence in each language; a language without rules has names and separators alone."""
    ids = credited(links, sources)
    if not ids:
        return {}
    return {lang: sentence([sources[id] for id in ids], lang) for lang in langs}


def sentence(named: list[Credited], lang: str) -> str:
    """The label, and the names: several of a grouped kind are put under the group's name."""
    rules = RULES["languages"].get(lang.split("-")[0], RULES["languages"]["*"])
    group = RULES["group"]
    grouped = [source for source in named if source.kind == group["kind"]]
    label = rules.get("group") or group["as"].get(lang)
    together = len(grouped) >= group["from"] and label is not None
    forms = [label if together and source in grouped else source.form(lang) for source in named]
    names = list(dict.fromkeys(forms))
    return str(rules["one" if len(named) == 1 else "many"] + rules["separator"].join(names))
