"""The production server: gunicorn, the app loaded once so that its workers share the models."""

from __future__ import annotations

import os
import socket
import struct
import sys
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # it has no types

from api import create_app
from api.settings import SettingsError
from moderation.models import ModelError
from moderation.policy import PolicyError

MOST_WORKERS = 4  # by default; a newspaper's day of comments keeps not even one of them busy
PATIENCE = 10  # seconds that a client may be silent while it sends


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
    try:
        app = create_app({name: value for name, value in given.items() if value is not None})
    except (SettingsError, PolicyError, ModelError) as error:
        sys.stderr.write(_mistakes(error))
        raise SystemExit(2) from None
    app.test_client().get("/readyz")  # one comment read here: what that loads, the workers share
    name = f"[{host}]" if ":" in host else host
    _Server(app, f"{name}:{port}", workers or min(os.cpu_count() or 1, MOST_WORKERS)).run()


def _mistakes(error: SettingsError | PolicyError | ModelError) -> str:
    problems = getattr(error, "problems", None) or [str(error)]
    source = f" {error.source}" if isinstance(error, PolicyError) else ""
    return f"Cannot start{source}:\n" + "".join(f"  {problem}\n" for problem in problems)


def _started(server: Any) -> None:
    """Say where the service is, once it listens."""
    for listener in server.LISTENERS:  # the connections inherit it: nobody keeps a thread waiting
        patience = struct.pack("ll", PATIENCE, 0)
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)
    host, port = server.LISTENERS[0].sock.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    sys.stderr.write(
        f"House rules at {url} (stop with Ctrl-C)\n"
        f"  try a comment  {url}/try\n"
        f"  the API        {url}/docs\n"
    )
    sys.stderr.flush()


class _Server(BaseApplication):  # type: ignore[misc]  # so this is Any
    def __init__(self, app: Flask, bind: str, workers: int) -> None:
        self.app, self.bind, self.workers = app, bind, workers
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
            "loglevel": "warning",
            "proc_name": "house-rules",
            "control_socket_disable": True,
            "when_ready": _started,
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application, as made before the workers were."""
        return self.app
