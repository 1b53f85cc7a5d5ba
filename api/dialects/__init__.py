"""Other people's wire formats, one a file, over the same keeper as our own API."""

from __future__ import annotations

from flask import Blueprint, Flask

from api.dialects import akismet, coral, openai, perspective

SPOKEN: tuple[Blueprint, ...] = (
    akismet.akismet,
    coral.coral,
    openai.openai,
    perspective.perspective,
)


def register(app: Flask) -> None:
    """Let `app` speak them all."""
    for dialect in SPOKEN:
        app.register_blueprint(dialect)
