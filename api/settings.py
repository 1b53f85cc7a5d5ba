"""Define the settings of the service, and check them when it starts.

pydantic-settings reads them: first the overrides of the program, then the environment, then the
file that MODERATION_SETTINGS names. No other module of the service reads the environment.
"""

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
    BeforeValidator,
    Field,
    HttpUrl,
    SecretStr,
    ValidationError,
    ValidationInfo,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from moderation import paths
from moderation.scoring.store import ModelStore
from moderation.validation import describe

PREFIX = "MODERATION_"


class SettingsError(ValueError):
    """The settings cannot be used. Each of `problems` names an environment variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def _split(value: object) -> object:
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
        raise ValueError("must hold no password; webhooks are signed instead")
    return value


def _signing(value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
    if value is None and info.data.get("webhooks", "invalid"):
        raise ValueError("is missing; webhooks are always signed")
    return value


_LABEL = r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?"
_NAME = re.compile(rf"(\*?\.)?{_LABEL}(\.{_LABEL})*")


def _host(value: str) -> str:
    """Check a host name or address of the settings, and return it in lower case.

    `.example.com` and `*.example.com` stand for all subdomains.
    """
    name = value.lower().rstrip(".")
    with suppress(ValueError):
        return str(ipaddress.ip_address(name.removeprefix("[").removesuffix("]")))
    if not _NAME.fullmatch(name):
        raise ValueError("must be names such as rules.example or .rules.example, without a port")
    return name.removeprefix("*")


class Settings(BaseSettings):
    """All settings. In the environment, their names have the prefix `MODERATION_`."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        env_ignore_empty=True,
        enable_decoding=False,  # lists are separated by commas; they are not JSON
        validate_default=False,
    )

    policy: Path | dict[str, Any] | None = Field(
        None, description="Your policy file. It is merged over the shipped one."
    )
    home: Path = Field(
        description="The state directory, an absolute path: the record, your own models, and "
        "everything else that this machine keeps. Only the environment can set it. By default it "
        "is your folder for data on this platform.",
    )
    models: Path | None = Field(
        None,
        description="A folder of models that replaces the shipped ones and your own in the state "
        "directory.",
    )
    max_content_length: int = Field(
        4 * 1024 * 1024, ge=1024, le=1 << 30, description="The largest request body, in bytes."
    )
    database: Annotated[SecretStr, AfterValidator(_database)] = Field(
        description="The record: sqlite:///path or postgresql://user:password@host/name. By "
        "default it is record.sqlite in the state directory.",
    )
    spool: Path = Field(
        description="A folder where decisions wait while the database is down. By default it is "
        "spool in the state directory.",
    )
    retention_days: int | None = Field(
        None, ge=1, le=36_500, description="Texts and references are erased after this many days."
    )
    self_harm_retention_days: int = Field(
        30,
        ge=1,
        le=36_500,
        description="Comments in which the rule self_harm found something are erased after this "
        "many days.",
    )
    rate: Annotated[str, AfterValidator(_rate)] = Field(
        "50 per second",
        description="The rate limit of keys that were created without one, and of Coral.",
    )
    rate_storage: Annotated[SecretStr, AfterValidator(_storage)] = Field(
        SecretStr("memory://"),
        description="Where requests and comments are counted for rate limits: memory:// for each "
        "worker separately, redis://host:port for all workers together.",
    )
    webhooks: Annotated[
        list[Annotated[HttpUrl, AfterValidator(_no_password)]], BeforeValidator(_split)
    ] = Field([], description="URLs that receive decisions and verdicts, separated by commas.")
    webhook_secret: Annotated[SecretStr | None, AfterValidator(_signing)] = Field(
        None,
        validate_default=True,
        description="The secret that signs webhooks. Required if there are any.",
    )
    coral_secrets: Annotated[list[SecretStr], BeforeValidator(_split)] = Field(
        [],
        description="The signing secrets of Coral's external moderation phases, separated by "
        "commas. List the old and the new one while you rotate a secret.",
    )
    coral_budget_ms: int = Field(
        80,
        ge=10,
        le=10_000,
        description="How many milliseconds a decision for Coral may take. After that, the comment "
        "is withheld for a person. Keep it below the timeout of the phase, with a margin for the "
        "network. From 500 on, the careful model is used too.",
    )
    public_url: HttpUrl | None = Field(
        None,
        description="The public URL of the service, for documents that contain it. By default "
        "the URL of the request is used.",
    )
    allowed_hosts: Annotated[
        list[Annotated[str, AfterValidator(_host)]], BeforeValidator(_split)
    ] = Field(
        [],
        description="Host names that requests may use while there is no API key, separated by "
        "commas, in addition to this machine's and the one in MODERATION_PUBLIC_URL. A leading dot "
        "allows all subdomains.",
    )
    perspective_upstream: HttpUrl | None = Field(
        None,
        description="Perspective's own URL, to compare its scores with ours. Comments that ask "
        "for its attributes are sent there too, after the answer.",
    )
    perspective_upstream_key: SecretStr = Field(
        SecretStr(""), description="Your API key for Perspective itself."
    )
    perspective_differences: Path = Field(
        description="The file that collects both scores. By default it is perspective.jsonl in the "
        "state directory.",
    )
    unprotected: bool = Field(
        True,
        description="Whether every program on this machine may use the API while there is no key. "
        "`moderation serve` turns it off for an address that other machines can reach.",
    )
    try_page: bool | None = Field(
        None,
        description="Whether to serve the page for trying a comment, which needs no key. By "
        "default it is served until the first key is created.",
    )

    settings: Path | None = Field(None, description="A TOML file of settings.")

    @property
    def models_in_use(self) -> ModelStore:
        """Where the models are that the service uses."""
        return ModelStore(self.models) if self.models else ModelStore.at(self.home)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return where values come from. An earlier source overrides a later one."""
        return init_settings, _Environment(settings_cls), _File(settings_cls), _Places(settings_cls)


NAMES = tuple(PREFIX + field.upper() for field in Settings.model_fields if field != "settings")
FILE = f"{PREFIX}SETTINGS"


class _Environment(EnvSettingsSource):
    """The environment variables that are settings, or probably misspelt settings.

    Misspelt settings are refused. Other variables with the prefix are ignored: Kubernetes sets
    MODERATION_PORT for a service called 'moderation'.
    """

    def __call__(self) -> dict[str, Any]:
        known = super().__call__()
        prefix = PREFIX.lower()
        names = (name for name in self.env_vars if name.startswith(prefix))
        fields = (name.removeprefix(prefix) for name in names)
        misspelt = {
            field: self.env_vars[prefix + field]
            for field in fields
            if field not in Settings.model_fields and _nearest(field)
        }
        return known | misspelt


class _File(PydanticBaseSettingsSource):
    """The TOML file that MODERATION_SETTINGS names. Its keys lack the prefix MODERATION_."""

    def get_field_value(self, *_: object) -> tuple[Any, str, bool]:
        raise NotImplementedError  # called only by sources that read single values

    def __call__(self) -> dict[str, Any]:
        path = self.current_state.get("settings")
        if path is None:
            return {}
        try:
            values = tomllib.loads(Path(path).read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise SettingsError([f"{FILE}: {path} cannot be read: {error}"]) from None
        if "home" in values:
            raise SettingsError([f"{paths.HOME}: belongs in the environment, not in {path}"])
        return values


class _Places(PydanticBaseSettingsSource):
    """The state directory, and where things are in it unless another setting says so."""

    def get_field_value(self, *_: object) -> tuple[Any, str, bool]:
        raise NotImplementedError  # called only by sources that read single values

    def __call__(self) -> dict[str, Any]:
        try:
            home = paths.home(self.current_state.get("home"))
        except paths.HomeError as error:
            raise SettingsError([str(error)]) from None
        return {
            "home": home,
            "database": f"sqlite:///{home / paths.RECORD}",
            "spool": home / paths.SPOOL,
            "perspective_differences": home / paths.PERSPECTIVE,
        }


def read(overrides: Mapping[str, Any] | None = None) -> Settings:
    """Return the settings of the environment. `overrides` has names of environment variables too.

    `MODERATION_SETTINGS` may name a TOML file, which the environment and `overrides` override.
    Its keys are in lower case and lack the prefix `MODERATION_`. Raises `SettingsError`.

    >>> read({"MODERATION_MAX_CONTENT_LENGTH": "2048"}).max_content_length
    2048
    >>> read({"MODERATION_POLCY": "mine.toml"})
    Traceback (most recent call last):
        ...
    api.settings.SettingsError: MODERATION_POLCY: no such setting; did you mean MODERATION_POLICY?
    """
    fields = {name.removeprefix(PREFIX).lower(): value for name, value in (overrides or {}).items()}
    try:
        return Settings(**fields)
    except ValidationError as error:
        raise SettingsError([_problem(detail) for detail in error.errors()]) from None


def shown(settings: Settings) -> dict[str, str]:
    """Return the values of all settings by environment variable, with passwords and secrets masked.

    >>> shown(read({"MODERATION_DATABASE": "postgresql://me:secret@db/record"}))[
    ...     "MODERATION_DATABASE"
    ... ]
    'postgresql://me:***@db/record'
    """
    values = settings.model_dump(exclude={"settings"})
    for name in ("database", "rate_storage"):
        values[name] = masked(values[name].get_secret_value())
    values["webhooks"] = ", ".join(masked(str(url)) for url in settings.webhooks)
    values["allowed_hosts"] = ", ".join(settings.allowed_hosts)
    return {PREFIX + name.upper(): str(value) for name, value in values.items()}


def masked(url: str) -> str:
    """Return a URL with its password and its query string masked. Both may contain a secret.

    >>> masked("redis://:secret@cache:6379"), masked("https://desk.example/hook?token=secret")
    ('redis://:***@cache:6379', 'https://desk.example/hook?***')
    """
    base, question_mark, _ = url.partition("?")
    return _PASSWORD.sub(r"\1:***@", base) + (f"{question_mark}***" if question_mark else "")


_PASSWORD = re.compile(r"(://[^/@:]*):[^/]*@")


def _problem(detail: Mapping[str, Any]) -> str:
    field = str(detail["loc"][0])
    nearest = _nearest(field)
    unknown = "no such setting" + (f"; did you mean {nearest}?" if nearest else "")
    return f"{PREFIX}{field.upper()}: {describe(detail, unknown=unknown)}"


def _nearest(field: str) -> str | None:
    """Return the environment variable of the setting whose name is most similar to `field`."""
    matches = difflib.get_close_matches(field.lower(), Settings.model_fields, n=1, cutoff=_CUTOFF)
    return PREFIX + matches[0].upper() if matches else None


_CUTOFF = 0.8  # 'polcy' and 'policy' have a ratio of 0.91, 'port' and 'policy' of 0.40
