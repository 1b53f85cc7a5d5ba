"""Answer clients of other moderation services in the formats of those services.

Such a format is called a dialect here. Each module has one dialect: Akismet, Coral, OpenAI and
Perspective. All use the same `Decider` as our own API.
"""

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
    """Add the routes of all dialects to `app`."""
    for dialect in DIALECTS:
        app.register_blueprint(dialect)
