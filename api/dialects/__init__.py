"""Answer clients of other services in their own formats, called dialects here.

Each module has one: Akismet, Coral, OpenAI and Perspective. All use the same `Decider` as our own
API.
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
