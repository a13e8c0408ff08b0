"""docs/roles.md is true: every route is asked by every role, and with every scope but its own."""

import re

import httpx
import pytest

from app.access.authentication import RANKS
from app.models.key import Scope
from scripts import roles
from tests.conftest import Client, Served, Signed
from tests.support.contract import Contract

OPEN_TO_WRITE = {("POST", "/v1/views")}  # readers' browsers tell what is opened
"""Routes that take something from whoever comes, each with a reason."""

ROW = re.compile(r"\| `(\w+) (\S+)` \| (\w+) \| (.+) \|")


def table() -> list[tuple[str, str, str, dict[str, str]]]:
    found = ROW.findall(roles.FILE.read_text())
    return [
        (method, path, scope, dict(zip(RANKS, told.split(" | "), strict=True)))
        for method, path, scope, told in found
    ]


def ask(client: httpx.Client, method: str, path: str) -> httpx.Response:
    """A request that the route is entered by, with nothing sensible in it."""
    address = re.sub(r"\{[^}]+\}", "zzz", path)
    content = b"{}" if method not in ("GET", "DELETE") else None
    headers = {"Content-Type": "application/json"} if content else {}
    return client.request(method, address, content=content, headers=headers)


def told(answer: httpx.Response) -> str:
    return str(answer.status_code) if answer.status_code in (401, 403) else "ok"


def test_the_page_has_every_route_of_the_contract(contract: Contract) -> None:
    assert roles.FILE.read_text() == roles.page(contract.whole), "run make openapi"
    assert len(table()) == len(roles.rows(contract.whole)) >= 30


def test_nobody_writes_without_a_key(contract: Contract) -> None:
    for method, path, role, _ in roles.rows(contract.whole):
        if method != "GET" and (method, path) not in OPEN_TO_WRITE:
            assert RANKS[role] >= RANKS["editor"], (method, path)


def test_every_route_answers_every_role_as_the_page_says(client: Client, signed: Signed) -> None:
    callers = {role: signed(role) for role in RANKS if role != "anonymous"} | {"anonymous": client}
    for method, path, _, outcomes in table():
        for role, wanted in outcomes.items():
            answer = ask(callers[role], method, path)
            assert told(answer) == wanted, (role, method, path, answer.text)
            if answer.status_code == 401:
                assert answer.headers["www-authenticate"].startswith("Bearer ")


def test_a_key_without_the_scope_of_a_route_gets_403(client: Client, signed: Signed) -> None:
    lacking = {
        one: signed("admin", scopes=[other for other in Scope if other != one]) for one in Scope
    }
    for method, path, scope, outcomes in table():
        if outcomes["anonymous"] == "401":
            answer = ask(lacking[Scope(scope)], method, path)
            assert answer.status_code == 403, (method, path)
            assert scope in answer.json()["detail"]


@pytest.mark.parametrize(
    "path", ["/v1/articles", "/v1/sources", "/v1/articles/zzz", "/media/x.jpg"]
)
def test_with_anonymous_none_every_read_without_a_key_is_401(
    client: Client, key, path: str, contract
) -> None:
    served = Served(client.served.settings.model_copy(update={"anonymous": "none"}))
    with Client(served, contract) as closed:
        answer = closed.get(path)
        assert (answer.status_code, answer.json()["reason"]) == (401, "missing")
        closed.headers["Authorization"] = f"Bearer {key('reader')}"
        assert closed.get(path).status_code in (200, 404)
        assert closed.get("/healthz").status_code == 200
    served.stop()
