"""Public corrections of articles."""

from sqlmodel import select

from app.desk.articles import publishing
from app.desk.transaction import Desk, check_match
from app.errors import Conflict, Faults, NotFound
from app.models import publication_window
from app.models.article import (
    ArticleRow,
    CorrectionChange,
    CorrectionRow,
    CorrectionWrite,
    VersionRow,
)


def correct(desk: Desk, article: ArticleRow, sent: CorrectionWrite) -> CorrectionRow:
    """Add a correction to an article. Raises 409 if readers never saw the article."""
    check_match(desk, article.version)
    publishing.refuse_sealed(article)
    if not publication_window.has_been_out(article, desk.now):
        raise Conflict(
            f"{article.id} was never public: edit it, there is nothing to correct.",
            state=article.state,
        )
    refuse(desk, article, sent)
    row = publishing.add_corrections(desk, article, [sent])[0]
    record_notice(desk, article, sent.text, f"{sent.kind} {row.id}")
    return row


def amend(desk: Desk, article: ArticleRow, id: str, sent: CorrectionChange) -> CorrectionRow:
    """Change the text or the blocks of a correction; its time stays."""
    check_match(desk, article.version)
    publishing.refuse_sealed(article)
    row = get(desk, article, id)
    for name in sent.model_fields_set:
        setattr(row, name, getattr(sent, name))
    whole = CorrectionWrite(kind=row.kind, text=row.text, blocks=row.blocks)
    refuse(desk, article, whole)
    desk.session.add(row)
    record_notice(desk, article, whole.text, f"{row.kind} {row.id} amended")
    return row


def get(desk: Desk, article: ArticleRow, id: str) -> CorrectionRow:
    """The correction with this id; else 404."""
    row = desk.session.get(CorrectionRow, (article.id, id))
    if row is None:
        raise NotFound(f"{article.id} has no correction {id!r}.")
    return row


def record_notice(desk: Desk, article: ArticleRow, text: dict[str, str], reason: str) -> None:
    """Record the change; warn if the correction lacks the article's language."""
    article.modified_at = desk.now
    if article.lang not in text:
        desk.warnings.append(f"The notice has no text in {article.lang!r}, the story's language.")
    publishing.record_change(
        desk,
        "corrected",
        article,
        public=publication_window.is_out(article, desk.now),
        reason=reason,
    )


def refuse(desk: Desk, article: ArticleRow, sent: CorrectionWrite) -> None:
    """Raise 422 for blocks, versions and times in a notice that do not exist."""
    faults = Faults()
    if not sent.text:
        faults.add("#/text", "A notice says something.")
    there = all_block_ids(desk, article)
    for place, id in enumerate(sent.blocks):
        if id not in there:
            faults.add(f"#/blocks/{place}", f"The story has no block {id!r}, nor had it.")
    if sent.id and desk.session.get(CorrectionRow, (article.id, sent.id)):
        faults.add("#/id", f"There is a notice {sent.id!r} already.")
    if sent.at and sent.at > desk.now:
        faults.add("#/at", "This moment is not here yet.")
    first, last = sent.from_version, sent.to_version
    if last and last > article.version:
        faults.add("#/to_version", f"The story is at version {article.version}.")
    if first and first > (last or article.version):
        faults.add("#/from_version", "From an earlier version to a later one.")
    faults.refuse()


def all_block_ids(desk: Desk, article: ArticleRow) -> set[str]:
    """Ids of the blocks in all versions: a correction may concern a block that was removed."""
    contents = select(VersionRow.content).where(VersionRow.article_id == article.id)
    return {block["id"] for content in desk.session.exec(contents) for block in content["body"]}
