"""What can be set for the service: typed, and refused at start where it is wrong."""

from __future__ import annotations

import difflib
import ipaddress
import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

from limits import parse
from limits.errors import ConfigurationError
from limits.storage import storage_from_string
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    SecretStr,
    ValidationError,
)
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from moderation.validation import describe

PREFIX = "MODERATION_"
FILE = f"{PREFIX}SETTINGS"


class SettingsError(ValueError):
    """Settings that cannot be used; `problems` names each by its variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def _listed(value: object) -> object:
    return (
        [part.strip() for part in value.split(",") if part.strip()]
        if isinstance(value, str)
        else value
    )


def _rate(value: str) -> str:
    try:
        parse(value)
    except ValueError:
        raise ValueError("must be a rate such as '50 per second'") from None
    return value


def _storage(value: SecretStr) -> SecretStr:
    try:
        storage_from_string(value.get_secret_value())
    except (ConfigurationError, ValueError):
        raise ValueError("must be memory://, or redis://… with its library installed") from None
    return value


def _database(value: SecretStr) -> SecretStr:
    try:
        kind = make_url(value.get_secret_value()).get_backend_name()
    except (ArgumentError, ValueError):
        kind = ""
    if kind not in ("sqlite", "postgresql"):
        raise ValueError("must be sqlite:///… or postgresql://…")
    return value


def _no_password(value: HttpUrl) -> HttpUrl:
    if value.username or value.password:
        raise ValueError("must hold no password; what is sent there is signed")
    return value


_LABEL = r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?"
_NAME = re.compile(rf"(\*?\.)?{_LABEL}(\.{_LABEL})*")


def _host(value: str) -> str:
    """A host's name or address in small letters; `.example.com` stands for all names below it."""
    name = value.lower().rstrip(".")
    with suppress(ValueError):
        return str(ipaddress.ip_address(name.removeprefix("[").removesuffix("]")))
    if not _NAME.fullmatch(name):
        raise ValueError("must be names such as rules.example or .rules.example, without a port")
    return name.removeprefix("*")


class Settings(BaseModel):
    """The service's settings; `MODERATION_` before the name makes the environment variable."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: Path | dict[str, Any] | None = Field(
        None, description="The operator's policy file, merged over the shipped one."
    )
    models: Path | None = Field(None, description="A folder of models instead of the shipped one.")
    max_content_length: int = Field(
        4 * 1024 * 1024, ge=1024, le=1 << 30, description="Largest request body in bytes."
    )
    database: Annotated[SecretStr, AfterValidator(_database)] = Field(
        SecretStr("sqlite:///var/record.sqlite"),
        description="The record: sqlite:///path or postgresql://user:password@host/name.",
    )
    spool: Path = Field(
        Path("var/spool"), description="Where decisions wait while the database is away."
    )
    retention_days: int | None = Field(
        None, ge=1, le=36_500, description="After so many days texts and references are forgotten."
    )
    rate: Annotated[str, AfterValidator(_rate)] = Field(
        "50 per second", description="What a key may ask, if it was made without a rate."
    )
    rate_storage: Annotated[SecretStr, AfterValidator(_storage)] = Field(
        SecretStr("memory://"),
        description="Where requests are counted; memory:// counts in each worker by itself, "
        "redis://host:port in all together.",
    )
    webhooks: Annotated[
        list[Annotated[HttpUrl, AfterValidator(_no_password)]], BeforeValidator(_listed)
    ] = Field([], description="Addresses that hear of decisions and verdicts, with commas between.")
    webhook_secret: SecretStr | None = Field(
        None, description="What webhooks are signed with; needed if there are any."
    )
    coral_secrets: Annotated[list[SecretStr], BeforeValidator(_listed)] = Field(
        [],
        description="The signing secrets of Coral's external moderation phases, with commas "
        "between; while one is rotated, both.",
    )
    coral_budget_ms: int = Field(
        80,
        ge=10,
        le=10_000,
        description="After so long a comment that Coral asks about is withheld for a person. Keep "
        "it under the timeout of the phase, with room for the way there and back; from 500 on "
        "the careful reader judges too.",
    )
    public_url: HttpUrl | None = Field(
        None,
        description="Where others reach the service, for documents that say so; by default as "
        "the request was addressed.",
    )
    allowed_hosts: Annotated[
        list[Annotated[str, AfterValidator(_host)]], BeforeValidator(_listed)
    ] = Field(
        [],
        description="Names by which the service may be addressed while there is no key, besides "
        "those of this machine and of MODERATION_PUBLIC_URL, with commas between; a dot in front "
        "stands for all names below.",
    )
    perspective_upstream: HttpUrl | None = Field(
        None,
        description="Perspective's own address while both are compared: comments that ask for its "
        "attributes are then sent there too, beside the answer.",
    )
    perspective_upstream_key: SecretStr = Field(
        SecretStr(""), description="Your key for Perspective itself."
    )
    perspective_differences: Path = Field(
        Path("var/perspective.jsonl"), description="Where its scores are noted beside ours."
    )
    unprotected: bool = Field(
        True,
        description="Whether, as long as there is no key, every program on this machine may "
        "ask. `moderation serve` refuses this on an address that others can reach.",
    )
    try_page: bool | None = Field(
        None,
        description="Whether the page for trying a comment is there. It asks for no key. By "
        "default it is there as long as there is no key.",
    )


NAMES = tuple(PREFIX + field.upper() for field in Settings.model_fields)


def read(values: Mapping[str, Any]) -> Settings:
    """The settings in `values`, named as the environment names them.

    `MODERATION_SETTINGS` names a TOML file with the same names in small letters, without the
    prefix; what `values` says itself goes before it. Raises `SettingsError`.

    >>> read({"MODERATION_MAX_CONTENT_LENGTH": "2048"}).max_content_length
    2048
    >>> read({"MODERATION_POLCY": "mine.toml"})
    Traceback (most recent call last):
        ...
    api.settings.SettingsError: MODERATION_POLCY: no such setting; did you mean MODERATION_POLICY?
    """
    given = {key.removeprefix(PREFIX).lower(): value for key, value in values.items()}
    whole = {**_file(given.pop("settings", None)), **given}
    unsigned = whole.get("webhooks") and whole.get("webhook_secret") is None
    problems = [f"{PREFIX}WEBHOOK_SECRET: is missing; webhooks are always signed"] * bool(unsigned)
    try:
        settings = Settings.model_validate(whole)
    except ValidationError as error:
        problems = [*map(_problem, error.errors()), *problems]
    if problems:
        raise SettingsError(problems)
    return settings


def meant(environment: Mapping[str, str]) -> dict[str, str]:
    """What of an environment is meant for this program: settings, and what nearly is one.

    Other names with the prefix may be somebody else's. Kubernetes makes such for a service that
    is called 'moderation'.

    >>> list(meant({"MODERATION_RETENTION_DAY": "3", "MODERATION_PORT": "tcp://…", "HOME": "/"}))
    ['MODERATION_RETENTION_DAY']
    """
    return {
        name: value
        for name, value in environment.items()
        if value and name.startswith(PREFIX) and _nearest(name)
    }


def shown(settings: Settings) -> dict[str, str]:
    """All settings by their variables, passwords and secrets masked.

    >>> shown(read({"MODERATION_DATABASE": "postgresql://me:secret@db/record"}))[
    ...     "MODERATION_DATABASE"
    ... ]
    'postgresql://me:***@db/record'
    """
    values = {name: getattr(settings, name) for name in Settings.model_fields}
    for name in ("database", "rate_storage"):
        values[name] = masked(values[name].get_secret_value())
    values["webhooks"] = ", ".join(masked(str(url)) for url in settings.webhooks)
    values["allowed_hosts"] = ", ".join(settings.allowed_hosts)
    return {PREFIX + name.upper(): str(value) for name, value in values.items()}


def masked(url: str) -> str:
    """An address without its password, and without what follows a '?', which may be one.

    >>> masked("redis://:secret@cache:6379"), masked("https://desk.example/hook?token=secret")
    ('redis://:***@cache:6379', 'https://desk.example/hook?***')
    """
    place, asked, _ = url.partition("?")
    return _PASSWORD.sub(r"\1:***@", place) + asked + "***" * bool(asked)


_PASSWORD = re.compile(r"(://[^/@:]*):[^/]*@")


def _file(path: str | Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        return tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError([f"{FILE}: {path} cannot be read: {error}"]) from None


def _problem(detail: Mapping[str, Any]) -> str:
    name = PREFIX + str(detail["loc"][0]).upper()
    near = _nearest(name)
    unknown = "no such setting" + (f"; did you mean {near}?" if near else "")
    return f"{name}: {describe(detail, unknown=unknown)}"


def _nearest(name: str) -> str | None:
    """The setting's own name, or that of one spelt much like it."""
    names = [known.removeprefix(PREFIX) for known in (*NAMES, FILE)]
    near = difflib.get_close_matches(name.removeprefix(PREFIX), names, n=1, cutoff=_NEAR)
    return PREFIX + near[0] if near else None


_NEAR = 0.8  # 'POLCY' and 'POLICY' are at 0.91, 'PORT' and 'POLICY' at 0.40
