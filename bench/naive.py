"""For comparison: the route as it is usually written, ORM objects through a response model."""

from typing import Any

from fastapi import FastAPI
from sqlmodel import Session, col, select

from app.config import Settings
from app.db.database import Database
from app.models.article import Article, ArticleRow
from app.rendering import documents

app = FastAPI()
settings = Settings()
db = Database(settings)


@app.get("/articles/{slug}", response_model=Article)
def get_article(slug: str) -> Any:
    with Session(db.engine) as session:
        row = session.exec(select(ArticleRow).where(col(ArticleRow.slug_key) == slug)).one()
        [built] = documents.build(session, settings, [row.id])
        return Article.model_validate_json(built.whole)
