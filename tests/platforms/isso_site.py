"""A real Isso with our recipe, run by Gunicorn, and a client for its readers and its moderator."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.clients.test_webhooks import free_port, listens
from tests.faults.service import PATIENCE_S, until
from tests.platforms.conftest import PYTHON

RECIPE = Path(__file__).parents[2] / "clients" / "isso"
GUNICORN = "gunicorn --workers 1 --threads 8 --bind".split()
SETTINGS = """[general]
dbpath = {folder}/comments.db
host = http://127.0.0.1:9/
notify =
[moderation]
enabled = false
approve-if-email-previously-approved = true
[admin]
enabled = true
password = secret
[guard]
ratelimit = 1000
direct-reply = 1000
reply-to-self = true
"""


class Isso:
    """Isso's database. `author` and `page` are those of later comments."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.author = "ravi@example.com"
        self.page = "/bridge/"
        self._cookies = httpx.Cookies()
        self.url: str
        self._http: httpx.Client

    @contextlib.contextmanager
    def running(self, url: str, key: str, retry_s: float = 0.2) -> Iterator[None]:
        """Run Isso with the service at `url`. Its database stays."""
        settings = self.folder / "isso.cfg"
        settings.write_text(SETTINGS.format(folder=self.folder), "utf-8")
        port = free_port()
        environment = {
            **os.environ,
            "PYTHONPATH": f"{RECIPE}{os.pathsep}{PYTHON['PYTHONPATH']}",
            "ISSO_SETTINGS": str(settings),
            "HOUSE_RULES_URL": url,
            "HOUSE_RULES_KEY": key,
            "HOUSE_RULES_RETRY_S": str(retry_s),
        }
        command = [sys.executable, "-m", *GUNICORN, f"127.0.0.1:{port}"]
        with self.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own
                [*command, "isso_house_rules:application"], env=environment, stderr=log
            )
        try:
            until(lambda: process.poll() is not None or listens(port), "Isso")
            assert process.poll() is None, self._log()
            self.url = f"http://127.0.0.1:{port}"
            with httpx.Client(
                base_url=self.url,
                cookies=self._cookies,
                headers={"Accept": "application/json"},
                timeout=PATIENCE_S,
            ) as self._http:
                assert self._http.post("/login/", data={"password": "secret"}).status_code == 302
                yield
                self._cookies = self._http.cookies
        finally:
            process.terminate()
            process.wait()
        assert "Traceback" not in self._log(), self._log()

    @property
    def log(self) -> Path:
        """The file of Isso's standard error."""
        return self.folder / "isso.log"

    def _log(self) -> str:
        return self.log.read_text("utf-8")

    def post(self, text: str, parent: int | None = None) -> tuple[int, dict[str, Any]]:
        """Post a comment as Isso's page does. Return the answer's status and JSON."""
        body = {"text": text, "email": self.author, "parent": parent, "title": "The new bridge"}
        answer = self._http.post("/new", params={"uri": self.page}, json=body)
        return answer.status_code, answer.json()

    def edit(self, comment: int, text: str) -> tuple[int, dict[str, Any]]:
        """Edit a comment as its author, with the cookie of the post."""
        answer = self._http.put(f"/id/{comment}", json={"text": text})
        return answer.status_code, answer.json()

    def take_back(self, comment: int) -> None:
        """Delete a comment as its author, with the cookie of the post."""
        assert self._http.delete(f"/id/{comment}").status_code == 200

    def public(self) -> list[str]:
        """Return the texts of the page's comments that every reader sees."""
        params: dict[str, str | int] = {"uri": self.page, "plain": 1}
        answer = self._http.get("/", params=params)
        comments = answer.json()["replies"]
        comments += [reply for comment in comments for reply in comment["replies"]]
        return [comment["text"] for comment in comments if comment["mode"] == 1]

    def pending(self) -> dict[int, str]:
        """Return the keys of the pending comments' buttons on the moderator's page."""
        page = self._http.get("/admin/", params={"mode": 2}).text
        return {
            int(number): key for number, key in re.findall(r"validate_com\((\d+), '([^']+)'", page)
        }

    def moderate(self, comment: int, action: str, key: str, **fields: str) -> None:
        """Press a button on the moderator's page: `activate`, `delete` or `edit`."""
        path = f"/id/{comment}/{action}/{key}"
        content = json.dumps(fields) if fields else ""
        answer = self._http.post(path, content=content)
        assert answer.status_code == 200, answer.text
