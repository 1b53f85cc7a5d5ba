"""The service: `create_app` puts it together and is the only reader of environment variables."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI

from api import desk, dialects, services, settings
from api.docs import docs
from api.http import errors, headers, local
from api.http.body import JsonRequest
from api.monitoring import metrics
from api.routes import health, moderate, record, verdicts
from api.routes.schemas import ProblemOut
from moderation import Moderator

_INFO = Info(
    title="House rules",
    version=version("house-rules"),
    description="A comment goes in, a decision with its reasons comes out.",
)


class App(OpenAPI):
    """The Flask application."""

    request_class = JsonRequest

    def log_exception(self, _: Any) -> None:
        """Where it broke, without the message: that may hold what an author wrote."""
        error = sys.exception()
        if isinstance(error, Exception):
            errors.log_error(error)

    def generate_spec_json(self) -> None:
        """The OpenAPI document, with the errors that the routes name and no others.

        A route that answers 401 takes a key; as long as there is none it takes no key too.
        """
        super().generate_spec_json()  # type: ignore[no-untyped-call]  # as it is
        for path in self.spec_json["paths"].values():
            for operation in path.values():
                added = operation["responses"].get(self.validation_error_status, {})
                if errors.MEDIA_TYPE not in added.get("content", {}):
                    operation["responses"].pop(self.validation_error_status, None)
                if "401" in operation["responses"]:
                    operation["security"] = [{"key": []}, {}]


def create_app(
    config: Mapping[str, Any] | None = None,
    *,
    moderator: Moderator | None = None,
    metrics_folder: Path | None = None,
) -> App:
    """The application. `config` is laid over the environment; names as in `api/settings.py`.

    Other names in `config` are Flask's own. A `moderator` takes the place of the one that the
    settings would load, for good: models promoted later do not change it. Workers add up their
    metrics in `metrics_folder`. Raises `SettingsError`, `PolicyError` or `ModelError` saying what
    is wrong.

    >>> create_app({"TESTING": True}).test_client().get("/healthz").json
    {'status': 'ok'}
    """
    given = dict(config or {})
    own = {name: given.pop(name) for name in [*given] if name.startswith(settings.PREFIX)}
    chosen = settings_from_environment(own)

    app = App(
        __name__,
        info=_INFO,
        security_schemes={"key": {"type": "http", "scheme": "bearer"}},
        static_folder=None,
        doc_ui=False,
        validation_error_callback=errors.refuse,
        validation_error_model=ProblemOut,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's default provider has it
    app.config.update({"MAX_CONTENT_LENGTH": chosen.max_content_length, **given})
    if metrics_folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics_folder)  # where its library looks
    held = services.build_services(chosen, moderator, metrics_folder)
    services.register(app, held)

    metrics.register(app, held.metrics)
    errors.register(app)
    headers.register(app)
    local.register(app, chosen, held.authenticator)
    app.register_api(moderate.v1)
    app.register_api(record.records)
    app.register_api(verdicts.corrections)
    app.register_api(health.health)
    app.register_blueprint(health.monitoring)
    dialects.register(app)
    app.register_blueprint(docs)
    app.register_blueprint(desk.desk)
    return app


def settings_from_environment(own: Mapping[str, Any]) -> settings.Settings:
    """The settings of the environment with `own` laid over them. Raises `SettingsError`."""
    return settings.read({**settings.meant(os.environ), **own})
