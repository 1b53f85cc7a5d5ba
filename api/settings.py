"""What can be set for the service: typed, and refused at start where it is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

PREFIX = "MODERATION_"


class SettingsError(ValueError):
    """Settings that cannot be used; `problems` names each by its variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


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


NAMES = tuple(PREFIX + field.upper() for field in Settings.model_fields)


def read(values: Mapping[str, Any]) -> Settings:
    """The settings in `values`, named as the environment names them.

    >>> read({"MODERATION_MAX_CONTENT_LENGTH": "2048"}).max_content_length
    2048
    >>> read({"MODERATION_POLCY": "mine.toml"})
    Traceback (most recent call last):
        ...
    api.settings.SettingsError: MODERATION_POLCY: no such setting; did you mean MODERATION_POLICY?
    """
    given = {key.removeprefix(PREFIX).lower(): value for key, value in values.items()}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise SettingsError([_problem(**detail) for detail in error.errors()]) from None


def _problem(*, loc: tuple[int | str, ...], type: str, msg: str, **_: Any) -> str:  # noqa: A002 - pydantic's own word
    name = PREFIX + str(loc[0]).upper()
    if type == "extra_forbidden":
        near = difflib.get_close_matches(name, NAMES, n=1)
        return f"{name}: no such setting" + (f"; did you mean {near[0]}?" if near else "")
    return f"{name}: {msg.replace('Input should', 'must')}"
