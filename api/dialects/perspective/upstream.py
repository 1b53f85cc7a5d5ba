"""Compare our scores with those of Google's Perspective, as long as that service exists.

A background thread asks Perspective about each comment. The client gets our answer without waiting.
For each comment, a file gets a line of JSON with the time, and with both scores of each attribute.
The file never contains the comment, and Perspective is asked not to store it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import json
import logging
import os
import queue
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from api.dialects.perspective.discovery import VERSION
from api.record.webhooks import OPENER

log = logging.getLogger(__name__)

WAITING = 1000  # comments; when this many wait, further ones are not compared
TIMEOUT_S = 5.0
LARGEST = 1 << 20  # bytes of an answer
OWN = frozenset({"HOUSE_RULES"})  # attributes that Perspective does not have

Job = tuple[str, Sequence[str], Mapping[str, float]]


class Upstream:
    """Asks Perspective about each comment in turn, and writes both scores to `file`.

    `upstream` is Perspective's URL.
    """

    def __init__(self, upstream: str, key: str, file: Path) -> None:
        query = urllib.parse.urlencode({"key": key})
        self.address = f"{upstream.rstrip('/')}/{VERSION}/comments:analyze?{query}"
        self.file = file
        self._jobs: queue.Queue[Job] = queue.Queue(WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def compare(self, text: str, languages: Sequence[str], scores: Mapping[str, float]) -> None:
        """Put a comment and our scores in the queue of comments to compare.

        If too many comments wait in the queue, this one is not compared.
        """
        comparable = {name: value for name, value in scores.items() if name not in OWN}
        if comparable:
            self._start()
            with contextlib.suppress(queue.Full):
                self._jobs.put_nowait((text, languages, comparable))

    def wait(self) -> None:
        """Wait until all queued comments have been compared."""
        self._jobs.join()

    def _start(self) -> None:
        # Start late: a thread that runs before the workers are forked is in none of them.
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="upstream", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                self._write(job[2], self._ask(*job))
            except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
                # Log only the type: the URL has the key, and a message may quote the comment.
                status = error.code if isinstance(error, urllib.error.HTTPError) else ""
                log.warning("Perspective did not answer: %s %s", type(error).__name__, status)
            finally:
                self._jobs.task_done()

    def _ask(
        self, text: str, languages: Sequence[str], scores: Mapping[str, float]
    ) -> dict[str, float]:
        """Return Perspective's scores of a text. `_run` handles the exceptions."""
        body = {
            "comment": {"text": text},
            "requestedAttributes": {name: {} for name in scores},
            "languages": list(languages),
            "doNotStore": True,
        }
        request = urllib.request.Request(  # noqa: S310 - the settings admit http and https only
            self.address, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with OPENER.open(request, timeout=TIMEOUT_S) as answer:
            theirs = json.loads(answer.read(LARGEST))["attributeScores"]
        return {
            name: float(theirs[name]["summaryScore"]["value"]) for name in scores if name in theirs
        }

    def _write(self, ours: Mapping[str, float], theirs: Mapping[str, float]) -> None:
        """Append our and Perspective's scores of a comment to the file, as one line.

        The line is written with a single write, because several workers write to this file.
        """
        scores = {name: [ours[name], round(score, 4)] for name, score in theirs.items()}
        at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        line = json.dumps({"at": at, "scores": scores}) + "\n"
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.file, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)
