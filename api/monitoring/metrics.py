"""Count what the service does, as metrics for Prometheus, and log a line for each request.

Metrics are summed over all worker processes. Neither metrics nor logs contain anything that an
author wrote.
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
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
    values,
)
from structlog.typing import Processor

from api.monitoring import worker_files
from moderation import Action, Moderator
from moderation.lifecycle.drift import Drift

# Seconds: from one small rule to a large batch.
_BUCKETS = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

# Clients may send any other word, so all others are counted as one.
_METHODS = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS".split())

log = structlog.get_logger("api")


class Metrics:
    """All counters and histograms. Worker processes share them through the folder `folder`.

    If there is no folder, the metrics are only those of this process.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.registry = CollectorRegistry()
        self.worker = 0  # 0 is the parent process
        if folder:  # prometheus_client would look for the folder too early, when it is imported
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
            "Decisions that neither the database nor the disk took.",
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
            "Decisions of the challenger in shadow, and the champion's.",
            ["champion", "challenger"],
            registry=self.registry,
        )
        self.shadow_dropped = Counter(
            "moderation_shadow_dropped",
            "Comments that did not fit into the queue of the challenger in shadow.",
            registry=self.registry,
        )
        self.shadow_failed = Counter(
            "moderation_shadow_failed",
            "Comments on which the challenger in shadow failed.",
            registry=self.registry,
        )
        self.versions = Gauge(
            "moderation_version",
            "1 for each policy and model that a worker uses; 0 for those it used before.",
            ["kind", "version"],
            multiprocess_mode="livemax",
            registry=self.registry,
        )
        self.refused = Gauge(
            "moderation_refused",
            "Workers that cannot use the promoted models, and keep the old ones.",
            multiprocess_mode="livesum",
            registry=self.registry,
        )
        self.in_shadow = Gauge(
            "moderation_plugin_in_shadow",
            "Workers in which a plug-in is in shadow, because it failed or was slow too often.",
            ["plugin"],
            multiprocess_mode="livesum",
            registry=self.registry,
        )
        self.drift = Gauge(
            "moderation_drift_psi",
            "Population stability index of each score beyond chance; it has moved from .25 on.",
            ["head"],
            multiprocess_mode="mostrecent",
            registry=self.registry,
        )
        self._versions_shown: set[tuple[str, str]] = set()
        self._drift_shown: set[str] = set()

    def count(self, answers: Iterable[Mapping[str, Any]], route: str) -> None:
        """Count the decisions in a response, by the route and by the action."""
        for answer in answers:
            self.decisions.labels(route, answer["action"]).inc()

    def time_check(self, rule: str, seconds: float) -> None:
        """Record how long a rule's check took."""
        self.rule_seconds.labels(rule).observe(seconds)

    def count_shadow(self, champion: Action, challenger: Action) -> None:
        """Count a comment that a challenger decided too, by the actions of both models.

        The challenger runs in shadow: its decision has no effect.
        """
        self.shadow.labels(str(champion), str(challenger)).inc()

    def show_versions(self, moderator: Moderator, refused: Sequence[str]) -> None:
        """Export the versions of the policy and of the models that this worker process uses.

        If promoted models could not be loaded, a metric shows this too, and so it does if a
        plug-in is in shadow.
        """
        versions = {("policy", moderator.policy.hash), *moderator.models.versions.items()}
        for kind, version in self._versions_shown | versions:
            self.versions.labels(kind, version).set((kind, version) in versions)
        self._versions_shown |= versions
        self.refused.set(bool(refused))
        for label, trouble in moderator.guard_states().items():
            self.in_shadow.labels(label).set(bool(trouble))

    def show_drift(self, drifts: Sequence[Drift]) -> None:
        """Export how far each score has drifted. A score that is no longer measured becomes NaN."""
        beyond = {drift.name: drift.beyond_chance for drift in drifts}
        self._drift_shown |= beyond.keys()
        for name in self._drift_shown:
            self.drift.labels(name).set(beyond.get(name, math.nan))

    def expose(self) -> bytes:
        """Return all metrics in Prometheus's text format, summed over the worker processes."""
        if not self.folder:
            return generate_latest(self.registry)
        self.folder.mkdir(mode=0o700, exist_ok=True)  # a clean-up of temporary files may delete it
        total = CollectorRegistry()
        multiprocess.MultiProcessCollector(total, str(self.folder))  # type: ignore[no-untyped-call]  # it has no types
        return generate_latest(total)


def register(app: Flask, metrics: Metrics) -> None:
    """Time, count and log every request to `app`."""
    if not structlog.is_configured():  # a program that embeds the app may have configured it
        configure_logs()

    @app.before_request
    def _start() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def _finish(response: Response) -> Response:
        seconds = time.perf_counter() - g.get("began", time.perf_counter())
        route = request.url_rule.rule if request.url_rule else "unknown"
        method = request.method if request.method in _METHODS else "other"
        metrics.requests.labels(route, method, response.status_code).inc()
        metrics.request_seconds.labels(route).observe(seconds)
        if g.get("quiet"):
            return response
        log.info(
            "request",
            route=route,
            method=request.method,
            status=response.status_code,
            ms=round(seconds * 1000, 2),
            key=g.key.name if "key" in g else None,
        )
        return response


def configure_logs() -> None:
    """Log JSON lines to standard error, for this program and its libraries.

    All logs go through a handler of the module `logging`, which never raises. So an error while
    logging, such as a full disk, does not make a request fail.
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
    logging.getLogger("api").setLevel(logging.INFO)  # includes the line for each request
