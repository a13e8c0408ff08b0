"""Withdrawals: of stories, images and dispatches; put, read, undone, listed."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from app.desk import withdrawals as withdrawing
from app.desk.articles import publishing
from app.errors import BadRequest
from app.models.envelopes import WithdrawalList
from app.models.withdrawal import (
    Restoration,
    Withdrawal,
    WithdrawalRow,
    WithdrawalSaved,
    WithdrawalWrite,
)
from app.queries import withdrawals
from app.routers.desk import Answer, DeskRoute, Editor, Withdrawer
from app.routers.parameters import operation

router = APIRouter(prefix="/v1", tags=["withdrawals"], route_class=DeskRoute)
LONGEST = 100
Limit = Annotated[int, Query(ge=1, le=LONGEST)]
Noun = Annotated[str | None, Query(json_schema_extra={"enum": list(withdrawals.PATHS)})]


@router.get("/withdrawals", **operation(WithdrawalList))
def list_withdrawals(
    desk: Editor, noun: Noun = None, restored: bool = False, limit: Limit = 20,
    cursor: str | None = None,
) -> Answer:  # fmt: skip
    """Withdrawals, the newest first; with `restored`, those that were undone."""
    if noun is not None and noun not in withdrawals.PATHS:
        raise BadRequest.at("noun", "article, image or dispatch.")
    if not 1 <= limit <= LONGEST:
        raise BadRequest.at("limit", f"A whole number from 1 to {LONGEST}.")
    return Answer(withdrawing.records(desk).page(noun, restored, limit, cursor))


@router.get("/articles/{id_or_slug}/withdrawal", **operation(Withdrawal))
def get_article_withdrawal(desk: Editor, id_or_slug: str) -> Answer:
    """A story's withdrawal: what went, and what rests on it; 404 for one that is there."""
    return answer_with(
        desk, withdrawing.current(desk, publishing.get(desk, id_or_slug, lock=False).id)
    )


@router.put("/articles/{id_or_slug}/withdrawal", **operation(WithdrawalSaved))
def withdraw_article(
    desk: Withdrawer, id_or_slug: str, sent: WithdrawalWrite, translations: bool = False
) -> Answer:
    """Withdraw a story: killed, readers get 410 with a notice; vanished, 404 without a trace."""
    sent = sent.model_copy(update={"translations": sent.translations or translations})
    return answer_with(desk, withdrawing.withdraw(desk, id_or_slug, sent))


@router.delete("/articles/{id_or_slug}/withdrawal", **operation(WithdrawalSaved))
def restore_article(
    desk: Withdrawer, id_or_slug: str, sent: Restoration, translations: bool = False
) -> Answer:
    """Bring a story back as it was."""
    sent = sent.model_copy(update={"translations": sent.translations or translations})
    return answer_with(desk, withdrawing.restore(desk, id_or_slug, sent))


def add_routes(noun: str, plural: str, texts: Sequence[str]) -> None:
    """The routes of an image's or dispatch's withdrawal; `texts` describe them, GET, PUT and DELETE."""

    def get_withdrawal(desk: Editor, id: str) -> Answer:
        return answer_with(desk, withdrawing.current(desk, id))

    def put_withdrawal(desk: Withdrawer, id: str, sent: WithdrawalWrite) -> Answer:
        return answer_with(desk, withdrawing.withdraw_use(desk, noun, id, sent))

    def delete_withdrawal(desk: Withdrawer, id: str, sent: Restoration) -> Answer:
        return answer_with(desk, withdrawing.restore_use(desk, noun, id, sent))

    title, path = noun.title(), f"/{plural}/{{id}}/withdrawal"
    for method, id, function, model, text in (
        ("GET", f"get{title}Withdrawal", get_withdrawal, Withdrawal, texts[0]),
        ("PUT", f"withdraw{title}", put_withdrawal, WithdrawalSaved, texts[1]),
        ("DELETE", f"restore{title}", delete_withdrawal, WithdrawalSaved, texts[2]),
    ):
        router.add_api_route(
            path, function, methods=[method], operation_id=id, description=text, **operation(model)
        )


add_routes(
    "image", "images", [
        "An image's withdrawal, and the stories that show it; 404 for one that may be used.",
        "Take an image back wherever it is shown, its file at once; its copies go with it.",
        "The image may be shown again.",
    ],
)  # fmt: skip
add_routes(
    "dispatch", "dispatches", [
        "A dispatch's withdrawal, and what rests on it; 404 for one that may be used.",
        "Take an agency's item back: blocks and images that rest on it are withheld everywhere.",
        "The dispatch may be used again.",
    ],
)  # fmt: skip


def answer_with(desk: Editor, row: WithdrawalRow) -> Answer:
    """The whole record, as it is after what this transaction changed."""
    desk.finish()
    return Answer(withdrawing.records(desk).whole(row))
