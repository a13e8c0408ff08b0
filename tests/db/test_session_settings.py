"""What a role or a database of PostgreSQL sets for its sessions changes nothing."""

from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url, text

from app.cli import check
from app.config import Settings
from app.db import migrate
from app.db.database import Database
from app.db.dialects import SESSION, engine_for, session_options
from app.demo.load import load
from app.desk import keys
from app.desk.catalog import seed
from app.desk.transaction import at_desk
from app.models.key import KeyRole, KeyWrite
from tests.conftest import Client, Served, settings_of
from tests.support.databases import fresh_postgres, name_of

ODD = {
    "DateStyle": "'SQL, DMY'", "TimeZone": "'Asia/Kathmandu'", "IntervalStyle": "'sql_standard'",
    "bytea_output": "'escape'", "extra_float_digits": "'-5'", "client_encoding": "'LATIN1'",
    "standard_conforming_strings": "off", "transform_null_equals": "on",
    "gin_fuzzy_search_limit": "'1'", "default_transaction_isolation": "'serializable'",
    "default_transaction_deferrable": "on", "search_path": "'nowhere'", "lock_timeout": "'1ms'",
    "statement_timeout": "'1ms'",
}  # fmt: skip


def odd(database: str, postgres: str) -> str:
    """The URL of a database of which both it and its role have set everything otherwise."""
    role = f"odd_{database}"
    engine = engine_for(postgres).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN"))
        connection.execute(text(f"ALTER DATABASE {database} OWNER TO {role}"))
        for name, value in ODD.items():
            connection.execute(text(f"ALTER DATABASE {database} SET {name} = {value}"))
            connection.execute(text(f"ALTER ROLE {role} SET {name} = {value}"))
    engine.dispose()
    url = make_url(postgres).set(username=role, database=database)
    return url.render_as_string(hide_password=False)


def migrated(settings: Settings) -> str:
    """Make the tables; an editor's key."""
    db = Database(settings)
    migrate.migrate(db.engine)
    seed.seed_sources(db)
    with at_desk(db) as desk:
        _, key = keys.make(desk, KeyWrite(role=KeyRole.editor))
    db.engine.dispose()
    return key


@pytest.fixture(scope="module")
def strange(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A demo made where every setting is odd."""
    url = odd(name_of(fresh_postgres(postgres)), postgres)
    settings = settings_of(url, tmp_path_factory.mktemp("odd"))
    migrated(settings)
    db = Database(settings)
    assert load(db) == 28
    assert check.faults(db) == []
    db.engine.dispose()
    return settings


def test_a_server_with_strange_session_defaults_works(strange: Settings, contract) -> None:
    assert set(ODD) == set(SESSION)
    served = Served(strange)
    db = served.app.state.services.db
    with at_desk(db) as desk:
        _, key = keys.make(desk, KeyWrite(role=KeyRole.editor))
    with Client(served, contract) as client:
        story = client.get("/v1/articles/harbour-lights?lang=ar").json()
        assert story["published_at"] == "2024-11-16T10:00:00Z"
        assert client.get("/v1/search?q=للعبارات").json()["items"]
        assert client.get("/feeds/all.rss").status_code == 200
        client.headers["Authorization"] = f"Bearer {key}"
        made = client.post("/v1/articles", json={"lang": "en", "headline": "Odd \\ 'quotes'"})
        assert made.status_code == 201
        assert client.put(f"/v1/articles/{made.json()['id']}/publication").status_code == 200
        assert made.json()["headline"] == "Odd \\ 'quotes'"
        assert client.get("/readyz").json()["cache"] == "ok"
    served.stop()


@pytest.mark.anyio
async def test_each_connection_sets_the_session_settings(strange: Settings, postgres: str) -> None:
    wanted = {name: value.replace('"', "") for name, value in SESSION.items()}
    engine = engine_for(strange.database_url)
    listening = await asyncpg.connect(
        strange.database_url.replace("+psycopg", ""),
        server_settings={"options": session_options(strange.database_url)},
    )
    with engine.connect() as connection:
        for name, value in wanted.items():
            said = [
                connection.scalar(text(f"SHOW {name}")),
                await listening.fetchval(f"SHOW {name}"),
            ]
            told = [str(one).replace('"', "").replace(", ", ",") for one in said]
            assert told == [value, value], name
    await listening.close()
    engine.dispose()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_options_of_the_url_override_the_session_settings(postgres: str, tmp_path: Path) -> None:
    url = make_url(postgres).update_query_dict(
        {"options": "-c search_path=news -cTimeZone=Asia/Beirut"}
    )
    engine = engine_for(url.render_as_string(hide_password=False))
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW search_path")) == "news"
        assert connection.scalar(text("SHOW TimeZone")) == "Asia/Beirut"
        assert connection.scalar(text("SHOW DateStyle")) == "ISO, MDY"
    engine.dispose()
