"""Withdrawals: of stories, images and dispatches; put, read, undone, listed."""

from typing import Annotated, Any

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

router = APIRouter(prefix="/v1", tags=["withdrawals"], route_class=DeskRoute)
Told = dict[int | str, dict[str, Any]]
SAVED: Told = {200: {"model": WithdrawalSaved}}
READ: Told = {200: {"model": Withdrawal}}
LONGEST = 100
Limit = Annotated[int, Query(ge=1, le=LONGEST)]
Noun = Annotated[str | None, Query(json_schema_extra={"enum": list(withdrawals.PATHS)})]


@router.get(
    "/withdrawals", operation_id="listWithdrawals", responses={200: {"model": WithdrawalList}},
)  # fmt: skip
def list_withdrawals(
    desk: Editor, noun: Noun = None, restored: bool = False, limit: Limit = 20,
    cursor: str | None = None,
) -> Answer:  # fmt: skip
    """What is withdrawn, the newest first; or, with `restored`, what was and came back."""
    if noun is not None and noun not in withdrawals.PATHS:
        raise BadRequest.at("noun", "article, image or dispatch.")
    if not 1 <= limit <= LONGEST:
        raise BadRequest.at("limit", f"A whole number from 1 to {LONGEST}.")
    return Answer(withdrawing.records(desk).page(noun, restored, limit, cursor))


@router.get(
    "/articles/{id_or_slug}/withdrawal", operation_id="getArticleWithdrawal", responses=READ
)
def get_article_withdrawal(desk: Editor, id_or_slug: str) -> Answer:
    """A story's withdrawal: what went, and what rests on it; 404 for one that is there."""
    return answer_with(
        desk, withdrawing.held_by(desk, publishing.get(desk, id_or_slug, lock=False).id)
    )


@router.put("/articles/{id_or_slug}/withdrawal", operation_id="withdrawArticle", responses=SAVED)
def withdraw_article(
    desk: Withdrawer, id_or_slug: str, sent: WithdrawalWrite, translations: bool = False
) -> Answer:
    """Take a story back: killed, readers are told so (410); vanished, there is no trace (404)."""
    sent = sent.model_copy(update={"translations": sent.translations or translations})
    return answer_with(desk, withdrawing.withdraw(desk, id_or_slug, sent))


@router.delete("/articles/{id_or_slug}/withdrawal", operation_id="restoreArticle", responses=SAVED)
def restore_article(
    desk: Withdrawer, id_or_slug: str, sent: Restoration, translations: bool = False
) -> Answer:
    """Bring a story back as it was."""
    sent = sent.model_copy(update={"translations": sent.translations or translations})
    return answer_with(desk, withdrawing.restore(desk, id_or_slug, sent))


@router.get("/images/{id}/withdrawal", operation_id="getImageWithdrawal", responses=READ)
def get_image_withdrawal(desk: Editor, id: str) -> Answer:
    """An image's withdrawal, and the stories that show it; 404 for one that may be used."""
    return answer_with(desk, withdrawing.held_by(desk, id))


@router.put("/images/{id}/withdrawal", operation_id="withdrawImage", responses=SAVED)
def withdraw_image(desk: Withdrawer, id: str, sent: WithdrawalWrite) -> Answer:
    """Take an image back wherever it is shown, its file at once; its copies go with it."""
    return answer_with(desk, withdrawing.withdraw_use(desk, "image", id, sent))


@router.delete("/images/{id}/withdrawal", operation_id="restoreImage", responses=SAVED)
def restore_image(desk: Withdrawer, id: str, sent: Restoration) -> Answer:
    """The image may be shown again."""
    return answer_with(desk, withdrawing.restore_use(desk, "image", id, sent))


@router.get("/dispatches/{id}/withdrawal", operation_id="getDispatchWithdrawal", responses=READ)
def get_dispatch_withdrawal(desk: Editor, id: str) -> Answer:
    """A dispatch's withdrawal, and what rests on it; 404 for one that may be used."""
    return answer_with(desk, withdrawing.held_by(desk, id))


@router.put("/dispatches/{id}/withdrawal", operation_id="withdrawDispatch", responses=SAVED)
def withdraw_dispatch(desk: Withdrawer, id: str, sent: WithdrawalWrite) -> Answer:
    """Take an agency's item back: blocks and images that rest on it are withheld everywhere."""
    return answer_with(desk, withdrawing.withdraw_use(desk, "dispatch", id, sent))


@router.delete("/dispatches/{id}/withdrawal", operation_id="restoreDispatch", responses=SAVED)
def restore_dispatch(desk: Withdrawer, id: str, sent: Restoration) -> Answer:
    """The dispatch may be used again."""
    return answer_with(desk, withdrawing.restore_use(desk, "dispatch", id, sent))


def answer_with(desk: Editor, row: WithdrawalRow) -> Answer:
    """The whole record, as it is after what this transaction changed."""
    desk.finish()
    return Answer(withdrawing.records(desk).whole(row))
