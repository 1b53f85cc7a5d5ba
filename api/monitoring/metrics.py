"""Metrics for Prometheus, summed over all workers, and one log line a request.

Neither ever holds what an author wrote.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog
from flask import Flask, Response, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
    values,
)
from structlog.typing import Processor

from api.background.loop import BackgroundLoop
from api.decisions import Decider
from api.http.auth import needs
from api.monitoring import worker_files
from moderation.lifecycle.drift import Drift

# From a tenth of a millisecond (one small rule) to ten seconds (a large batch).
_BUCKETS = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

_METHODS = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS".split())  # others: whatever one sends

log = structlog.get_logger("api")


class Metrics:
    """What is counted and timed; in `folder` where several workers add up."""

    def __init__(self, keeper: Decider, housekeeper: BackgroundLoop, folder: Path | None) -> None:
        self.keeper = keeper
        self.housekeeper = housekeeper
        self.folder = folder
        self.registry = CollectorRegistry()
        self.worker = 0  # 0 is the process that made the workers
        if folder:  # the library looks for the folder when it is imported, which is too early
            values.ValueClass = worker_files.value_class(lambda: self.worker)
        self.requests = Counter(
            "moderation_requests",
            "Requests.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "moderation_request_seconds",
            "Time to answer.",
            ["route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.rule_seconds = Histogram(
            "moderation_rule_seconds",
            "Time of a rule's check.",
            ["rule"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.decisions = Counter(
            "moderation_decisions", "Decisions.", ["route", "action"], registry=self.registry
        )
        self.lost = Counter(
            "moderation_decisions_lost",
            "Decisions that could not be kept anywhere.",
            registry=self.registry,
        )
        self.spool = Gauge(
            "moderation_spool_length",
            "Decisions that wait for the database.",
            multiprocess_mode="mostrecent",
            registry=self.registry,
        )
        self.shadow = Counter(
            "moderation_shadow_decisions",
            "Decisions of the challenger in shadow beside the champion's.",
            ["champion", "challenger"],
            registry=self.registry,
        )
        self.shadow_dropped = Counter(
            "moderation_shadow_dropped",
            "Comments that the challenger in shadow had no time for.",
            registry=self.registry,
        )
        self.shadow_failed = Counter(
            "moderation_shadow_failed",
            "Comments on which the challenger in shadow failed.",
            registry=self.registry,
        )
        self.versions = Gauge(
            "moderation_version",
            "1 for each policy and model in use, in whichever worker; 0 for those before.",
            ["kind", "version"],
            multiprocess_mode="livemax",
            registry=self.registry,
        )
        self.refused = Gauge(
            "moderation_refused",
            "Workers that cannot take what was promoted, and go on as before.",
            multiprocess_mode="livesum",
            registry=self.registry,
        )
        self.drift = Gauge(
            "moderation_drift_psi",
            "Population stability index of each score beyond chance; from .25 on it has moved.",
            ["head"],
            multiprocess_mode="mostrecent",
            registry=self.registry,
        )
        self._told: set[tuple[str, str]] = set()
        self._drifting: set[str] = set()

    def count(self, answers: Iterable[Mapping[str, Any]], route: str) -> None:
        """Count decisions as they are answered."""
        for answer in answers:
            self.decisions.labels(route, answer["action"]).inc()

    def tell(self) -> None:
        """What this worker decides with, and no longer; and whether it could not take others."""
        moderator = self.keeper.moderator
        told = {("policy", moderator.policy.hash), *moderator.models.versions.items()}
        for kind, version in self._told | told:
            self.versions.labels(kind, version).set((kind, version) in told)
        self._told |= told
        self.refused.set(bool(self.housekeeper.refused()))

    def drifted(self, found: Sequence[Drift]) -> None:
        """How far each score has moved; NaN for one of which that is not known any more."""
        beyond = {it.name: it.beyond for it in found}
        self._drifting |= beyond.keys()
        for name in self._drifting:
            self.drift.labels(name).set(beyond.get(name, math.nan))

    def expose(self) -> bytes:
        """All metrics in Prometheus's text format."""
        self.spool.set(len(self.keeper.spool))
        self.tell()
        if not self.folder:
            return generate_latest(self.registry)
        self.folder.mkdir(mode=0o700, exist_ok=True)  # someone may have tidied up
        together = CollectorRegistry()
        multiprocess.MultiProcessCollector(together, str(self.folder))  # type: ignore[no-untyped-call]  # it has no types
        return generate_latest(together)


def register(app: Flask, metrics: Metrics) -> None:
    """Time, count and log every request of `app`, and answer `/metrics`."""
    if not structlog.is_configured():  # whoever embeds the app may have done so
        configure_logs()

    @app.before_request
    def _begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def _end(response: Response) -> Response:
        took = time.perf_counter() - g.get("began", time.perf_counter())
        route = request.url_rule.rule if request.url_rule else "unknown"
        method = request.method if request.method in _METHODS else "other"
        metrics.requests.labels(route, method, response.status_code).inc()
        metrics.request_seconds.labels(route).observe(took)
        if g.get("quiet"):
            return response
        log.info(
            "request",
            route=route,
            method=request.method,
            status=response.status_code,
            ms=round(took * 1000, 2),
            key=g.key.name if "key" in g else None,
        )
        return response

    @needs("read")
    def _metrics() -> Response:
        return Response(metrics.expose(), content_type=CONTENT_TYPE_LATEST)

    app.add_url_rule("/metrics", "metrics", _metrics)


def configure_logs() -> None:
    """One JSON object a line on standard error, for whatever this program and its libraries say.

    All goes through `logging`'s handler, which never raises: a log that cannot be written, as on
    a disk that is full, must not cost an answer.
    """
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=shared,
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.getLogger("api").setLevel(logging.INFO)  # a line for every request
