"""Hold the parts that an app consists of, such as the database and the `Decider`.

`build_services` builds the parts once for each app. Routes get them from the function `services`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from flask import current_app, g, request
from flask.sansio.app import App
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker

from api.background.drift import DriftMonitor
from api.background.loop import BackgroundLoop
from api.background.models import reload_models
from api.background.shadow import ShadowRunner
from api.background.watch import FileWatcher
from api.busy import BusyCounter
from api.decisions import Decider, utc_now
from api.http.auth import Authenticator, bearer
from api.monitoring.metrics import Metrics
from api.record import database, webhooks
from api.record.circuit import Circuit
from api.record.spool import Spool
from api.record.webhooks import Hook
from api.settings import Settings
from moderation import Moderator
from moderation.scoring.store import CHAMPION, ModelStore

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

_NAME = "house_rules"  # in `app.extensions`


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of an app that routes use."""

    settings: Settings
    models: ModelStore
    engine: Engine
    decider: Decider
    authenticator: Authenticator
    background: BackgroundLoop
    metrics: Metrics


def build_services(
    settings: Settings, moderator: Moderator | None = None, metrics_folder: Path | None = None
) -> Services:
    """Connect to the database, load the models, and build all parts that depend on them.

    `moderator` replaces the moderator that the settings describe; it is never reloaded. Worker
    processes share their metrics through the folder `metrics_folder`. Raises `PolicyError`,
    `ModelError` or `SchemaError`.
    """
    models = settings.models_in_use
    with suppress(OSError):  # a part that needs the folder reports what is wrong
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    metrics = Metrics(metrics_folder)
    engine = database.connect(settings.database.get_secret_value())
    sessions = sessionmaker(engine)
    circuit, busy = Circuit(), BusyCounter()
    shadow = ShadowRunner(
        models,
        sessions,
        circuit,
        busy,
        utc_now,
        on_decided=metrics.count_shadow,
        on_dropped=metrics.shadow_dropped.inc,
        on_failed=metrics.shadow_failed.inc,
    )
    decider = Decider(
        (moderator or Moderator.load(settings.policy, models)).observed(metrics.time_check),
        sessions,
        Spool(settings.spool),
        hooks=_hooks(settings),
        circuit=circuit,
        busy=busy,
        on_recorded=shadow.offer,
        on_lost=metrics.lost.inc,
    )
    watcher = FileWatcher(models.own / CHAMPION, partial(reload_models, decider, models))
    background = BackgroundLoop(
        decider,
        retention_days=settings.retention_days,
        sensitive_retention_days=settings.self_harm_retention_days,
        watchers=[] if moderator else [watcher],
        drift=DriftMonitor(decider, models, on_measured=metrics.show_drift),
        shadow=shadow,
        on_look=metrics.show_versions,
    )
    background.prepare()
    return Services(
        settings=settings,
        models=models,
        engine=engine,
        decider=decider,
        authenticator=Authenticator(
            sessions,
            circuit,
            unprotected=settings.unprotected,
            rate=settings.rate,
            storage=settings.rate_storage.get_secret_value(),
            marker=settings.spool / ".protected",
        ),
        background=background,
        metrics=metrics,
    )


def _hooks(settings: Settings) -> list[Hook]:
    """Return the webhooks of the settings. Logs a warning if their secret is malformed."""
    secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else ""
    hooks = [Hook(str(url), secret) for url in settings.webhooks]
    if hooks and (warning := webhooks.secret_warning(secret)):
        log.warning(warning)
    return hooks


def register(app: App, services: Services) -> None:
    """Attach the services to `app`, where `services_of` finds them."""
    app.extensions[_NAME] = services


def services_of(app: App) -> Services:
    """Return the services of `app`."""
    services: Services = app.extensions[_NAME]
    return services


def services() -> Services:
    """Return the services of the app that handles the current request."""
    return services_of(current_app)


def decider() -> Decider:
    """Return the `Decider` of the app that handles the current request."""
    return services().decider


def moderator() -> Moderator:
    """Return the moderator for the current request.

    The moderator stays the same during the request, even if models are promoted in the meantime.
    """
    moderator: Moderator = g.setdefault("moderator", decider().moderator)
    return moderator


def count(decisions: Iterable[Mapping[str, Any]], route: str) -> None:
    """Add the decisions in a response to this app's metrics."""
    services().metrics.count(decisions, route)


def needs(scope: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator for routes that require an API key with the scope `scope`."""

    def decorate(route: Callable[P, R]) -> Callable[P, R]:
        @wraps(route)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            secret = bearer(request.headers.get("Authorization", ""))
            g.key = services().authenticator.authorize(secret, scope)
            return route(*args, **kwargs)

        return guarded

    return decorate
