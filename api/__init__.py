"""The service: `create_app` puts it together and is the only reader of environment variables."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from sqlalchemy.orm import sessionmaker

from api import desk, dialects, settings
from api.background.drift import DriftMonitor
from api.background.loop import BackgroundLoop
from api.background.models import reload_models
from api.background.shadow import ShadowRunner
from api.background.watch import FileWatcher
from api.decisions import Decider
from api.dialects.perspective.upstream import Upstream
from api.docs import docs
from api.http import errors, headers, local
from api.http.auth import Authenticator
from api.http.body import JsonRequest
from api.monitoring import metrics
from api.record import database, webhooks
from api.record.spool import Spool
from api.record.webhooks import Hook
from api.routes import moderate, record, verdicts
from api.routes.schemas import ProblemOut
from moderation import Moderator
from moderation.scoring.store import CHAMPION, SHIPPED

log = logging.getLogger(__name__)

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
    _furnish(app, chosen, moderator, metrics_folder)

    errors.register(app)
    headers.register(app)
    local.register(app, chosen)
    app.register_api(moderate.v1)
    app.register_api(record.records)
    app.register_api(verdicts.corrections)
    app.register_api(moderate.health)
    dialects.register(app)
    app.register_blueprint(docs)
    app.register_blueprint(desk.desk)
    return app


def settings_from_environment(own: Mapping[str, Any]) -> settings.Settings:
    """The settings of the environment with `own` laid over them. Raises `SettingsError`."""
    return settings.read({**settings.meant(os.environ), **own})


def _furnish(
    app: App, chosen: settings.Settings, given: Moderator | None, metrics_folder: Path | None
) -> None:
    """Give the app what its routes work with."""
    models = chosen.models or SHIPPED
    moderator = given or Moderator.load(chosen.policy, models)
    engine = database.connect(chosen.database.get_secret_value())
    hooks = [
        Hook(str(url), chosen.webhook_secret.get_secret_value() if chosen.webhook_secret else "")
        for url in chosen.webhooks
    ]
    if hooks and (warning := webhooks.secret_warning(hooks[0].secret)):
        log.warning(warning)
    keeper = Decider(moderator, sessionmaker(engine), Spool(chosen.spool), hooks=hooks)

    def use(moderator: Moderator) -> None:
        moderator.on_check = lambda rule, took: counted.rule_seconds.labels(rule).observe(took)
        app.extensions["model_cards"] = _cards(moderator, models)
        keeper.moderator = moderator

    watch = FileWatcher(models / CHAMPION, partial(reload_models, keeper, models, use))
    drifting = DriftMonitor(keeper, models)
    housekeeper = BackgroundLoop(keeper, chosen.retention_days, [] if given else [watch], drifting)
    housekeeper.prepare()
    counted = metrics.Metrics(keeper, housekeeper, metrics_folder)
    keeper.on_lost = counted.lost.inc
    keeper.shadow = _shadowing(keeper, counted, models)
    housekeeper.on_look = counted.tell
    drifting.on_found = counted.drifted
    use(moderator)
    app.extensions.update(
        settings=chosen,
        engine=engine,
        keeper=keeper,
        housekeeper=housekeeper,
        metrics=counted,
        gate=Authenticator(
            keeper.sessions,
            keeper.circuit,
            unprotected=chosen.unprotected,
            rate=chosen.rate,
            storage=chosen.rate_storage.get_secret_value(),
            marker=chosen.spool / ".protected",
        ),
        perspective_upstream=Upstream(
            str(chosen.perspective_upstream),
            chosen.perspective_upstream_key.get_secret_value(),
            chosen.perspective_differences,
        )
        if chosen.perspective_upstream
        else None,
    )
    metrics.register(app, counted)


def _shadowing(keeper: Decider, counted: metrics.Metrics, models: Path) -> ShadowRunner:
    made = ShadowRunner(models, keeper.sessions, keeper.circuit, keeper.busy, keeper.clock)
    made.on_decided = lambda *actions: counted.shadow.labels(*map(str, actions)).inc()
    made.on_dropped = counted.shadow_dropped.inc
    made.on_failed = counted.shadow_failed.inc
    return made


def _cards(moderator: Moderator, models: Path) -> list[dict[str, Any]]:
    """What the cards of the models in use say, in short."""
    short = ("purpose", "heads", "licence", "made", "limits")
    told = []
    for name, kept in moderator.models.versions.items():
        path = models / name / kept / "card.json"
        card = json.loads(path.read_text("utf-8")) if path.exists() else {}
        told.append(
            {
                "name": name,
                "version": kept,
                **{key: card[key] for key in short if key in card},
                "data": [entry["name"] for entry in card.get("data", [])],
            }
        )
    return told
