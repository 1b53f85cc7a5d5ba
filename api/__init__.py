"""The service: `create_app` puts it together and is the only reader of environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI

from api import desk, errors, headers, settings, v1
from api.body import JsonRequest
from api.docs import docs
from api.schemas import ProblemOut
from moderation import Moderator
from moderation.models import listing

_INFO = Info(
    title="House rules",
    version=version("house-rules"),
    description="A comment goes in, a decision with its reasons comes out.",
)


class App(OpenAPI):
    """The Flask application."""

    request_class = JsonRequest

    def generate_spec_json(self) -> None:
        """The OpenAPI document, with the errors that the routes name and no others."""
        super().generate_spec_json()  # type: ignore[no-untyped-call]  # as it is
        for path in self.spec_json["paths"].values():
            for operation in path.values():
                added = operation["responses"].get(self.validation_error_status, {})
                if errors.MEDIA_TYPE not in added.get("content", {}):
                    operation["responses"].pop(self.validation_error_status, None)


def create_app(
    config: Mapping[str, Any] | None = None, *, moderator: Moderator | None = None
) -> App:
    """The application. `config` is laid over the environment; names as in `api/settings.py`.

    Other names in `config` are Flask's own. A `moderator` takes the place of the one that the
    settings would load. Raises `SettingsError`, `PolicyError` or `ModelError` saying what is wrong.

    >>> create_app({"TESTING": True}).test_client().get("/healthz").json
    {'status': 'ok'}
    """
    given = dict(config or {})
    own = {name: given.pop(name) for name in [*given] if name.startswith(settings.PREFIX)}
    environment = {name: os.environ[name] for name in settings.NAMES if os.environ.get(name)}
    chosen = settings.read({**environment, **own})

    app = App(
        __name__,
        info=_INFO,
        static_folder=None,
        doc_ui=False,
        validation_error_callback=errors.refuse,
        validation_error_model=ProblemOut,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's default provider has it
    limits = dict.fromkeys(
        ("MAX_CONTENT_LENGTH", "MAX_FORM_MEMORY_SIZE"), chosen.max_content_length
    )
    app.config.update({**limits, **given})
    app.extensions["moderator"] = moderator or Moderator.load(chosen.policy, chosen.models)
    app.extensions["model_cards"] = _cards(app.extensions["moderator"], chosen)

    errors.register(app)
    headers.register(app)
    app.register_api(v1.v1)
    app.register_api(v1.health)
    app.register_blueprint(docs)
    app.register_blueprint(desk.desk)
    return app


def _cards(moderator: Moderator, chosen: settings.Settings) -> list[dict[str, Any]]:
    """What the cards of the models in use say, in short."""
    found = {(name, kept): card for name, kept, _, card in listing(chosen.models)}
    short = ("purpose", "heads", "licence", "made", "limits")
    return [
        {
            "name": name,
            "version": kept,
            **{key: card[key] for key in short if key in (card := found.get((name, kept), {}))},
            "data": [entry["name"] for entry in found.get((name, kept), {}).get("data", [])],
        }
        for name, kept in moderator.models.versions.items()
    ]
