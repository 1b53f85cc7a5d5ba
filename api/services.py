"""Hold the parts that an app consists of, such as the database and the `Decider`.

`build_services` builds the parts once for each app. Routes get them from the function `services`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from flask import Flask, current_app, g, request
from flask.sansio.app import App
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker

from api.background.drift import DriftMonitor
from api.background.loop import BackgroundLoop
from api.background.models import reload_models
from api.background.shadow import ShadowRunner
from api.background.watch import FileWatcher
from api.busy import BusyCounter, TooManyBatchesError
from api.decisions import Decider, DecisionRequest, utc_now
from api.http.auth import OPEN, Authenticator, bearer
from api.http.connection import stop_if_client_left
from api.http.errors import Problem
from api.http.local import Names
from api.monitoring.metrics import Metrics
from api.record import database, webhooks
from api.record.circuit import Circuit
from api.record.decisions import Answer
from api.record.spool import open_spool
from api.record.webhooks import Hook
from api.settings import Settings
from moderation import Comment, Moderator
from moderation.scoring.store import CHAMPION, ModelStore

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

_NAME = "house_rules"  # in `app.extensions`
_SCOPES = "needed_scopes"  # of a route: an API key needs one of them


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
        (moderator or Moderator.load(settings.policy, models))
        .guarded()
        .observed(metrics.time_check),
        sessions,
        open_spool(settings.spool),
        hooks=_hooks(settings),
        circuit=circuit,
        busy=busy,
        on_recorded=shadow.offer,
        on_lost=metrics.lost.inc,
    )
    watcher = FileWatcher(models.own / CHAMPION, partial(reload_models, decider, models))
    authenticator = Authenticator(
        sessions,
        circuit,
        unprotected=settings.unprotected,
        rate=settings.rate,
        storage=settings.rate_storage.get_secret_value(),
        marker=settings.spool / ".protected",
    )
    background = BackgroundLoop(
        decider,
        retention_days=settings.retention_days,
        sensitive_retention_days=settings.self_harm_retention_days,
        watchers=[] if moderator else [watcher],
        drift=DriftMonitor(decider, models, on_measured=metrics.show_drift),
        shadow=shadow,
        on_look=metrics.show_versions,
        record_uses=authenticator.record_uses,
    )
    background.prepare()
    return Services(
        settings=settings,
        models=models,
        engine=engine,
        decider=decider,
        authenticator=authenticator,
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


def public_url() -> str:
    """Return the URL of the service for documents: the setting's, or that of the request.

    Raises a `Problem` (421) if the request's `Host` may be another's name.
    """
    settings = services().settings
    if settings.public_url:
        return str(settings.public_url)
    if not Names.of(settings).include(request.headers.get("Host", "")):
        detail = "Set MODERATION_PUBLIC_URL, or add this name to MODERATION_ALLOWED_HOSTS."
        raise Problem(421, f"The request's Host is not a name of this service. {detail}")
    return request.url_root


def key_id() -> str | None:
    """Return the id of the caller's API key; None if the service needs no key."""
    return None if g.key.id == OPEN else str(g.key.id)


def decide(
    requests: Sequence[DecisionRequest],
    *,
    route: str,
    community: str = "",
    moderator: Moderator | None = None,
) -> list[Answer]:
    """Decide about the comments of the present request, and count them.

    Raises a `Problem` (429, 503) if the caller or this process has too much work, and
    `ClientDisconnected` if the client leaves.
    """
    count_comments(request.comment for request in requests)
    try:
        answers = decider().decide(
            requests,
            community=community,
            route=route,
            moderator=moderator,
            checkpoint=stop_if_client_left,
        )
    except TooManyBatchesError:
        detail = "Other batches are being decided. Try again soon."
        raise Problem(503, detail, headers=[("Retry-After", "5")]) from None
    count(answers, route)
    return answers


def count_comments(comments: Iterable[Comment]) -> None:
    """Count comments against the rate of the caller. Raises a `Problem` (429) over the limit."""
    services().authenticator.meter.count_comments(comments)


def count(decisions: Iterable[Mapping[str, Any]], route: str) -> None:
    """Add the decisions in a response to this app's metrics."""
    services().metrics.count(decisions, route)


def needs(*scopes: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator for routes that require an API key with one of these scopes."""

    def decorate(route: Callable[P, R]) -> Callable[P, R]:
        vars(route)[_SCOPES] = scopes  # wrappers of the route copy it
        return route

    return decorate


def scopes_of(route: Callable[..., Any] | None) -> tuple[str, ...]:
    """Return the scopes of which an API key needs one for this route; none if it needs no key."""
    scopes: tuple[str, ...] = getattr(route, _SCOPES, ())
    return scopes


def guard(app: Flask) -> None:
    """Check the API key of each request to a route that `needs` one, before its body is read."""
    app.before_request(_authorize)


def _authorize() -> None:
    route = current_app.view_functions.get(request.endpoint or "")
    if scopes := scopes_of(route):
        secret = bearer(request.headers.get("Authorization", ""))
        g.key = services().authenticator.authorize(secret, *scopes)
