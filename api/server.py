"""The production server: gunicorn, the app loaded once so that its workers share the models."""

from __future__ import annotations

import atexit
import gc
import itertools
import logging
import os
import shutil
import socket
import struct
import sys
import tempfile
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # it has no types
from prometheus_client import multiprocess

from api import create_app
from api.desk import there
from api.http.local import loopback
from api.monitoring.metrics import configure_logs
from api.record.database import SchemaError
from api.services import services_of
from api.settings import SettingsError
from moderation.policy import PolicyError
from moderation.scoring.store import ModelError

MOST_WORKERS = 4  # by default; a newspaper's day of comments keeps not even one of them busy
PATIENCE = 10  # seconds that a client may be silent while it sends
READERS = 60  # seconds that a client may take nothing of its answer; then it is cut off


def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: int | None = None,
    policy: Path | str | None = None,
    models: Path | str | None = None,
) -> None:
    """Serve until told to stop (Ctrl-C or SIGTERM; requests under way are finished).

    A policy, a model or a setting that cannot be used stops it at once, with exit code 2 and
    every mistake on a line of its own. Port 0 takes a free one.
    """
    given = {"MODERATION_POLICY": policy, "MODERATION_MODELS": models}
    config: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if not loopback(host):
        config["MODERATION_UNPROTECTED"] = False
    configure_logs()
    try:
        app = create_app(config, metrics_folder=_metrics_folder())
    except (SettingsError, PolicyError, ModelError, SchemaError) as error:
        sys.stderr.write(_mistakes(error))
        raise SystemExit(2) from None
    services = services_of(app)
    keyless = services.authenticator.keyless()
    if keyless and not loopback(host):
        sys.stderr.write(_UNPROTECTED.format(host=host))
        raise SystemExit(2)
    if keyless:
        sys.stderr.write(_OPEN)
    # One comment is read here: what that loads, the workers share.
    services.decider.moderator.moderate("Every worker reads this once.")
    with app.app_context():
        pages = ["try", "docs"] if there() else ["docs"]
    services.engine.dispose()  # connections are not shared: each worker makes its own
    gc.freeze()  # else every worker looks through all of this again and again, and copies it
    name = f"[{host}]" if ":" in host else host
    workers = workers or min(os.cpu_count() or 1, MOST_WORKERS)
    _Server(app, f"{name}:{port}", workers, pages).run()


_OPEN = """There is no API key yet, so every program on this machine may ask.
A proxy looks like such a program: make a key before one lets others in.
  moderation keys create --name NAME --scope decide     makes one; from then on all need one
"""
_UNPROTECTED = """Cannot start: {host} can be reached from other machines, and there is no API key.
  moderation keys create --name NAME --scope decide     makes one
"""


def _metrics_folder() -> Path:
    """A folder in which the workers add up what they count; it must be there before they are."""
    folder = tempfile.mkdtemp(prefix="moderation-metrics-")
    atexit.register(_remove, folder, os.getpid())
    return Path(folder)


def _remove(folder: str, owner: int) -> None:
    """Workers inherit what is to be done at exit; only who made the folder may remove it."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def _mistakes(error: Exception) -> str:
    problems = getattr(error, "problems", None) or [str(error)]
    source = f" {error.source}" if isinstance(error, PolicyError) else ""
    return f"Cannot start{source}:\n" + "".join(f"  {problem}\n" for problem in problems)


def _started(server: Any) -> None:
    """Say where the service is, once it listens."""
    for listener in server.LISTENERS:  # the connections inherit it: nobody keeps a thread waiting
        for option, patience in ((socket.SO_RCVTIMEO, PATIENCE), (socket.SO_SNDTIMEO, READERS)):
            set_ = struct.pack("ll", patience, 0)
            listener.sock.setsockopt(socket.SOL_SOCKET, option, set_)
    host, port = server.LISTENERS[0].sock.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    said = {"try": f"  try a comment  {url}/try\n", "docs": f"  the API        {url}/docs\n"}
    pages = "".join(said[page] for page in server.app.pages)
    sys.stderr.write(f"House rules at {url} (stop with Ctrl-C)\n{pages}")
    sys.stderr.flush()


def _number_worker(server: Any, worker: Any) -> None:
    """The least number that no other worker has; who follows a dead one takes its place."""
    taken = {other.number for other in server.WORKERS.values()}
    worker.number = next(number for number in itertools.count(1) if number not in taken)


def _begin_worker(worker: Any) -> None:
    atexit.register(_end_worker)  # first: what fails after it must not keep the process alive
    services = services_of(worker.wsgi)
    services.metrics.worker = worker.number
    services.background.start()


def _end_worker() -> None:
    """The last of a worker, when its threads have ended and what they wrote is kept.

    Further it must not go: onnxruntime was loaded before the fork, has threads there that this
    process does not have, and would wait for them or abort.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _forget_worker(_: Any, worker: Any) -> None:
    multiprocess.mark_process_dead(worker.number)  # type: ignore[no-untyped-call]  # it has no types


class _Server(BaseApplication):  # type: ignore[misc]  # so this is Any
    def __init__(self, app: Flask, bind: str, workers: int, pages: list[str]) -> None:
        self.app, self.bind, self.workers, self.pages = app, bind, workers, pages
        super().__init__()

    def load_config(self) -> None:
        """Gunicorn's settings: it reads neither its own file nor its environment variable."""
        for name, value in {
            "bind": self.bind,
            "workers": self.workers,
            "worker_class": "gthread",  # slow clients do not keep others waiting
            "threads": 8,
            "preload_app": True,
            "timeout": 120,
            "graceful_timeout": 30,
            "keepalive": 5,
            "loglevel": "error",  # its warnings quote what was sent
            "proc_name": "house-rules",
            "control_socket_disable": True,
            "when_ready": _started,
            "pre_fork": _number_worker,
            "post_worker_init": _begin_worker,
            "child_exit": _forget_worker,
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application, as made before the workers were."""
        return self.app
