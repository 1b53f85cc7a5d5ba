"""Build the service, a Flask application."""

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
from api.http import body, errors, headers, local, rates
from api.http.body import JsonRequest
from api.monitoring import metrics
from api.routes import health, know, moderate, record, verdicts
from api.routes.schemas import ProblemOut
from moderation import Moderator

_INFO = Info(
    title="House rules",
    version=version("house-rules"),
    description="A comment goes in, a decision with its reasons comes out.",
)


class App(OpenAPI):
    """The Flask application of the service."""

    request_class = JsonRequest

    def log_exception(self, _: Any) -> None:
        """Log where an error occurred. Omit its message, which may contain a comment's text."""
        error = sys.exception()
        if isinstance(error, Exception):
            errors.log_error(error)

    def generate_spec_json(self) -> None:
        """Build the OpenAPI document.

        Each route has only the error responses that it declares. A route that declares 401 takes an
        API key, and the document names the scopes of which the key needs one. It says that the key
        is optional, because a service without keys needs none.
        """
        super().generate_spec_json()  # type: ignore[no-untyped-call]  # it has no types
        views = {
            (rule.rule.replace("<", "{").replace(">", "}"), method.lower()): rule.endpoint
            for rule in self.url_map.iter_rules()
            for method in rule.methods or ()
        }
        for path, operations in self.spec_json["paths"].items():
            for method, operation in operations.items():
                responses = operation["responses"]
                default = responses.get(self.validation_error_status, {})
                if errors.MEDIA_TYPE not in default.get("content", {}):
                    responses.pop(self.validation_error_status, None)
                if "401" in responses:
                    scopes = services.scopes_of(self.view_functions[views[path, method]])
                    operation["security"] = [*({"key": [scope]} for scope in scopes), {}]


def create_app(
    config: Mapping[str, Any] | None = None,
    *,
    moderator: Moderator | None = None,
    metrics_folder: Path | None = None,
) -> App:
    """Build the application.

    Settings in `config` override the environment; they have the names of the environment variables.
    Other names in `config` are Flask's own. `moderator` replaces the moderator that the settings
    describe, and models that are promoted later do not change it. Worker processes share their
    metrics through the folder `metrics_folder`. Raises `SettingsError`, `PolicyError`, `ModelError`
    or `SchemaError`.

    >>> create_app({"TESTING": True}).test_client().get("/healthz").json
    {'status': 'ok'}
    """
    flask_config = dict(config or {})
    overrides = {
        name: flask_config.pop(name)
        for name in list(flask_config)
        if name.startswith(settings.PREFIX)
    }
    chosen = settings.read(overrides)

    app = App(
        "api",
        info=_INFO,
        security_schemes={"key": {"type": "http", "scheme": "bearer"}},
        static_folder=None,
        doc_ui=False,
        validation_error_callback=errors.refuse,
        validation_error_model=ProblemOut,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's default provider has it
    # Flask has limits of its own for forms. Errors name ours, so it must be the one that applies.
    limits = dict.fromkeys(
        ("MAX_CONTENT_LENGTH", "MAX_FORM_MEMORY_SIZE"), chosen.max_content_length
    )
    app.config.update({**limits, **flask_config})
    app.url_map.merge_slashes = False  # it would redirect to whatever `Host` the request names
    if metrics_folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics_folder)  # prometheus_client reads it
    parts = services.build_services(chosen, moderator, metrics_folder)
    services.register(app, parts)

    metrics.register(app, parts.metrics)
    errors.register(app)
    headers.register(app)
    rates.register(app)
    local.register(app, chosen, parts.authenticator)
    services.guard(app)
    body.register(app)
    app.register_api(moderate.v1)
    app.register_api(know.know)
    app.register_api(record.records)
    app.register_api(verdicts.corrections)
    app.register_api(health.health)
    app.register_blueprint(health.monitoring)
    dialects.register(app)
    app.register_blueprint(docs)
    app.register_blueprint(desk.desk)
    return app
