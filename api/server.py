"""Run the service in production, with gunicorn.

The app is loaded once, before the worker processes start, so that they share the memory of the
models.
"""

from __future__ import annotations

import atexit
import gc
import itertools
import logging
import os
import socket
import struct
import sys
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # it has no types
from prometheus_client import multiprocess

from api.app import create_app
from api.desk import try_page_enabled
from api.http.local import is_loopback
from api.http.worker import BufferingWorker
from api.monitoring import folder
from api.monitoring.metrics import configure_logs
from api.record.database import SchemaError
from api.services import Services, services_of
from api.settings import SettingsError
from moderation.lifecycle import migration
from moderation.lifecycle.together import upgrade_notices
from moderation.plugins import PluginError
from moderation.policy import PolicyError
from moderation.scoring.store import ModelError

MOST_WORKERS = 4  # by default; one of them could handle a newspaper's comments
MOST_CONNECTIONS = 10_000  # for each worker; beyond that, the ones that waited longest are closed
SEND_TIMEOUT_S = 60  # how long a client may stop reading the response


def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: int | None = None,
    policy: Path | str | None = None,
    models: Path | str | None = None,
) -> None:
    """Run the server until Ctrl-C or SIGTERM, then finish the current requests.

    If the policy, a model or a setting cannot be used, exits with code 2 and lists all problems.
    Port 0 chooses a free port.
    """
    paths = {"MODERATION_POLICY": policy, "MODERATION_MODELS": models}
    config: dict[str, Any] = {name: path for name, path in paths.items() if path is not None}
    if not is_loopback(host):
        config["MODERATION_UNPROTECTED"] = False
    configure_logs()
    try:
        app = create_app(config, metrics_folder=folder.create())
    except (SettingsError, PolicyError, PluginError, ModelError, SchemaError) as error:
        sys.stderr.write(_explain(error))
        raise SystemExit(2) from None
    services = services_of(app)
    keyless = services.authenticator.keyless()
    if keyless and not is_loopback(host):
        sys.stderr.write(_UNPROTECTED.format(host=host))
        raise SystemExit(2)
    if keyless:
        sys.stderr.write(_NO_KEY)
    for notice in _notices(services):
        sys.stderr.write(f"{notice}\n")
    # Models load some parts with the first comment. Load them here, so that workers share them.
    services.decider.moderator.moderate("Every worker reads this once.")
    with app.app_context():
        pages = ["try", "docs"] if try_page_enabled() else ["docs"]
    services.engine.dispose()  # workers cannot share connections
    gc.freeze()  # so that garbage collection does not copy the shared memory in every worker
    name = f"[{host}]" if ":" in host else host
    workers = workers or min(os.cpu_count() or 1, MOST_WORKERS)
    _Server(app, f"{name}:{port}", workers, pages).run()


def _notices(services: Services) -> list[str]:
    """Return what an operator must know about upgrades of the models and of this program."""
    if not services.models.shipped:
        return []
    home = services.settings.home
    return [*upgrade_notices(services.models), *migration.notices(services.models, home)]


_NO_KEY = """There is no API key yet, so every program on this machine may use the API.
A proxy looks like such a program. Create a key before you put the service behind one:
  moderation keys create --name NAME --scope decide
"""
_UNPROTECTED = """Cannot start: {host} can be reached from other machines, and there is no API key.
Create one:
  moderation keys create --name NAME --scope decide
"""


def _explain(error: Exception) -> str:
    problems = getattr(error, "problems", None) or [str(error)]
    source = f" {error.source}" if isinstance(error, PolicyError) else ""
    return f"Cannot start{source}:\n" + "".join(f"  {problem}\n" for problem in problems)


def _announce(server: Any) -> None:
    """Set the timeout of client connections, and print the URLs of the service."""
    timeout = struct.pack("ll", SEND_TIMEOUT_S, 0)
    for listener in server.LISTENERS:  # connections inherit its options
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)
    host, port = server.LISTENERS[0].sock.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    lines = {"try": f"  try a comment  {url}/try\n", "docs": f"  the API        {url}/docs\n"}
    pages = "".join(lines[page] for page in server.app.pages)
    sys.stderr.write(f"House rules at {url} (stop with Ctrl-C)\n{pages}")
    sys.stderr.flush()


def _number_worker(server: Any, worker: Any) -> None:
    """Give a new worker process the lowest free number.

    So it takes the number of a process that has died, and continues the metrics in that number's
    file.
    """
    used = {other.number for other in server.WORKERS.values()}
    worker.number = next(number for number in itertools.count(1) if number not in used)


def _start_worker(worker: Any) -> None:
    atexit.register(_end_worker)  # before the rest: an error must not keep the process alive
    services = services_of(worker.app.app)
    services.metrics.worker = worker.number
    services.background.start()


def _end_worker() -> None:
    """End a worker process at its exit, and skip the rest of Python's shutdown.

    Python's threads have ended by then. onnxruntime was loaded before the worker was forked. In the
    rest of the shutdown it would wait for threads that exist only in the parent process, or abort.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _remove_worker(_: Any, worker: Any) -> None:
    multiprocess.mark_process_dead(worker.number)  # type: ignore[no-untyped-call]  # it has no types


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, app: Flask, bind: str, workers: int, pages: list[str]) -> None:
        self.app, self.bind, self.workers, self.pages = app, bind, workers, pages
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's options. Its configuration file and GUNICORN_CMD_ARGS are ignored."""
        for name, value in {
            "bind": self.bind,
            "workers": self.workers,
            "worker_class": BufferingWorker,
            "worker_connections": MOST_CONNECTIONS,
            "threads": 8,
            "preload_app": True,
            "timeout": 120,
            "graceful_timeout": 30,
            "keepalive": 5,
            "loglevel": "error",  # its warnings quote requests
            "proc_name": "house-rules",
            "control_socket_disable": True,
            "when_ready": _announce,
            "pre_fork": _number_worker,
            "post_worker_init": _start_worker,
            "child_exit": _remove_worker,
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Return the application. It was built before the workers started."""
        return self.app
