"""Other services' wire formats, one per module. They use the same `Decider` as our own API."""

from __future__ import annotations

from flask import Blueprint, Flask

from api.dialects import akismet, coral, openai, perspective

DIALECTS: tuple[Blueprint, ...] = (
    akismet.akismet,
    coral.coral,
    openai.openai,
    perspective.perspective,
)


def register(app: Flask) -> None:
    """Register all dialects with `app`."""
    for dialect in DIALECTS:
        app.register_blueprint(dialect)
