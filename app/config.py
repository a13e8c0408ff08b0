"""Settings, from the environment (`ISNAD_…`). docs/settings.md."""

import os
import re
import secrets
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app import setting_checks

HOST = re.compile(r"(?!-)[a-z0-9-]+(?:\.[a-z0-9-]+)*", re.IGNORECASE)
AUTHORITY = re.compile(
    r"(?:[\w.+-]+@)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?,\d{4}(?:-\d\d){0,2}", re.ASCII
)
SINCE = 2026


class ConfigError(RuntimeError):
    """A setting that can't be used; the message says what to write instead."""


class Settings(BaseSettings):
    """What an operator may set. Every field is `ISNAD_` and its name."""

    model_config = SettingsConfigDict(env_prefix="ISNAD_", extra="ignore", frozen=True)

    database_url: str = "sqlite:///data/isnad.db"
    media_url: str = "file:data/media"
    public_url: str = "http://127.0.0.1:8000"
    site_url: str = ""
    article_url: str = "{site}/{lang}/{section}/{slug}"
    section_url: str = "{site}/{lang}/{section}"
    tag_url: str = "{site}/{lang}/tags/{slug}"
    contributor_url: str = "{site}/{lang}/people/{slug}"
    short_url: str = ""
    name: str = "Isnad"
    langs: str = "ar,en"
    tag_authority: str = ""
    timezone: str = "UTC"
    anonymous: str = "published"
    public_versions: bool = False
    secret: str = ""
    proxies: str = ""
    fetch_networks: str = ""
    import_hosts: str = ""
    preview_url: str = ""
    spellings: str = ""
    purge: str = ""
    purge_fastly_token: SecretStr = SecretStr("")
    purge_cloudflare_token: SecretStr = SecretStr("")
    purge_secret: SecretStr = SecretStr("")
    purge_again: float = Field(5.0, ge=0, le=60)
    views_per_minute: int = Field(300, ge=1)
    views_days: int = Field(30, ge=8, le=366)
    cache_seconds: int = Field(3600, ge=1, le=86_400)
    cache_stale: int = Field(60, ge=0, le=60)
    cache_bytes: int = Field(64 * 1024 * 1024, ge=0)

    @field_validator("database_url")
    @classmethod
    def known_database(cls, url: str) -> str:
        url = url.replace("postgres://", "postgresql://", 1)
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
        if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("ISNAD_DATABASE_URL is sqlite:///PATH or postgresql://…")
        setting_checks.refuse_database(url)
        return url

    @field_validator("public_url", "site_url")
    @classmethod
    def bare(cls, url: str, info: ValidationInfo) -> str:
        bare = url.rstrip("/")
        if bare or info.field_name == "public_url":
            setting_checks.refuse_address(str(info.field_name), bare)
        return bare

    @field_validator(*setting_checks.PLACEHOLDERS)
    @classmethod
    def known_pattern(cls, pattern: str, info: ValidationInfo) -> str:
        if pattern:
            setting_checks.refuse_pattern(str(info.field_name), pattern)
        return pattern

    @field_validator("media_url")
    @classmethod
    def known_store(cls, url: str) -> str:
        setting_checks.refuse_media(url)
        return url

    @field_validator("secret")
    @classmethod
    def good_secrets(cls, given: str) -> str:
        setting_checks.refuse_secrets(given)
        return given

    @field_validator("timezone")
    @classmethod
    def known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as unknown:
            raise ValueError(f"ISNAD_TIMEZONE: no time zone {name!r}; try Asia/Beirut") from unknown
        return name

    @field_validator("proxies", "fetch_networks")
    @classmethod
    def known_networks(cls, networks: str, info: ValidationInfo) -> str:
        try:
            networks_of(networks)
        except ValueError as wrong:
            variable = f"ISNAD_{str(info.field_name).upper()}"
            raise ValueError(f"{variable} is a comma list of networks: {wrong}") from wrong
        return networks

    @cached_property
    def fetched_networks(self) -> list[IPv4Network | IPv6Network]:
        """Return the operator's networks from which pages may be fetched."""
        return networks_of(self.fetch_networks)

    @field_validator("import_hosts")
    @classmethod
    def known_hosts(cls, hosts: str) -> str:
        wrong = [host for host in hosts.split(",") if host and not HOST.fullmatch(host.strip())]
        if wrong:
            raise ValueError(
                "ISNAD_IMPORT_HOSTS is a comma list of host names, such as partner.example:"
                f" {wrong[0].strip()!r} is none"
            )
        return hosts

    @cached_property
    def allowed_import_hosts(self) -> list[str]:
        """Hosts of partners whose pages `isnad import` may publish, without `www.`."""
        hosts = [host.strip().lower().removeprefix("www.") for host in self.import_hosts.split(",")]
        return [host for host in hosts if host]

    @field_validator("tag_authority")
    @classmethod
    def known_authority(cls, authority: str) -> str:
        if authority and not AUTHORITY.fullmatch(authority):
            raise ValueError(
                "ISNAD_TAG_AUTHORITY is a domain of yours and a date on which it was: example.org,2026"
            )
        return authority

    @field_validator("anonymous")
    @classmethod
    def known_view(cls, view: str) -> str:
        if view not in ("published", "none"):
            raise ValueError("ISNAD_ANONYMOUS is published or none")
        return view

    @field_validator("langs")
    @classmethod
    def some_language(cls, langs: str) -> str:
        if not [lang for lang in langs.split(",") if lang.strip()]:
            raise ValueError("ISNAD_LANGS is a comma list, the default language first: ar,en")
        return langs

    @cached_property
    def own_spellings(self) -> str:
        """Return the publisher's own spellings for search, in the format of
        `data/arabic/spellings.tsv`."""
        if not self.spellings:
            return ""
        try:
            return Path(self.spellings).read_text("utf-8")
        except (OSError, ValueError) as wrong:
            raise ConfigError(f"ISNAD_SPELLINGS: {self.spellings} can't be read.") from wrong

    @cached_property
    def languages(self) -> list[str]:
        return [lang.strip() for lang in self.langs.split(",") if lang.strip()]

    @property
    def default_lang(self) -> str:
        return self.languages[0]

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @cached_property
    def path(self) -> str:
        """Return the path of the public URL, which a proxy in front removes."""
        return urlsplit(self.public_url).path

    @property
    def site(self) -> str:
        return self.site_url or self.public_url

    @property
    def authority(self) -> str:
        """Return the beginning of tag: URIs (RFC 4151): a domain and a date at which the
        publisher owned it."""
        if self.tag_authority:
            return self.tag_authority
        host = urlsplit(self.site).hostname or ""
        return f"{host if AUTHORITY.fullmatch(f'{host},{SINCE}') else 'localhost'},{SINCE}"

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @cached_property
    def sqlite_path(self) -> Path:
        return Path(self.database_url.removeprefix("sqlite:///"))

    @cached_property
    def secrets(self) -> list[bytes]:
        """Return the signing secrets: the first signs, all verify."""
        given = [part.strip().encode() for part in self.secret.split(",") if part.strip()]
        if given:
            return given
        if self.is_sqlite:
            return [stored_secret(self.sqlite_path.with_suffix(".secret"))]
        line = f"ISNAD_SECRET={secrets.token_urlsafe(32)}"
        raise ConfigError(f"PostgreSQL needs a secret that every process shares. Set: {line}")


def networks_of(networks: str) -> list[IPv4Network | IPv6Network]:
    """Parse a comma-separated list of networks; `ValueError` names an invalid one."""
    return [ip_network(one.strip()) for one in networks.split(",") if one.strip()]


def stored_secret(path: Path) -> bytes:
    """Return the secret beside the SQLite file, created once, completely or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_urlsafe(32).encode())
        try:
            os.link(fresh, path)  # the first to come wins; a link is there whole or not at all
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_bytes().strip()
