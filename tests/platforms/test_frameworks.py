"""The documented code for Flask and FastAPI, run by their own servers and called over HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients.test_webhooks import free_port, listens
from tests.faults.service import PATIENCE_S, Service, until
from tests.platforms.conftest import PYTHON, new_key
from tests.platforms.stand_ins import Hanging

DOCUMENTED = (Path(__file__).parents[2] / "docs" / "clients.md").read_text("utf-8")
SAVE = """import json
def save(comment, status, decision):
    with open("saved", "a", encoding="utf-8") as saved:
        print(json.dumps([comment, status, decision]), file=saved)
"""
SERVERS = {
    "Flask": ["flask", "--app", "comments", "run", "--port"],
    "FastAPI": ["uvicorn", "comments:app", "--port"],
}
GOOD = "The new bridge has cut my way to work by half an hour, thanks to you."
ABUSE = "You are a stupid idiot and a liar, and everyone knows it."
EMOJI = "The new park is a joy for all of us 🙏🏽 and the children 👨‍👩‍👧 love it."
QUOTES = 'It\'s the "old" bridge that we love, and C:\\plans\\new.txt says we keep it.'


@dataclass
class Application:
    """A newspaper's application with the documented code."""

    url: str
    folder: Path
    author: str

    def post(self, text: str) -> tuple[int, dict[str, Any]]:
        """Post a comment. Return the answer's status and JSON."""
        form = {"text": text, "author": self.author}
        answer = httpx.post(f"{self.url}/comments", data=form, timeout=PATIENCE_S)
        return answer.status_code, answer.json()

    def saved(self) -> list[Any]:
        """Return the stored comments, each with its status and its decision's id."""
        path = self.folder / "saved"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def documented(framework: str) -> str:
    """Return the code in the framework's section of the page."""
    section = DOCUMENTED.partition(f"\n## {framework}\n")[2].partition("\n## ")[0]
    (code,) = re.findall(r"(?ms)^```python\n(.*?)^```$", section)
    return str(code)


@contextlib.contextmanager
def application(framework: str, folder: Path, url: str, key: str) -> Iterator[Application]:
    """Run the documented code with the framework's server."""
    folder.mkdir()
    (folder / "comments.py").write_text(documented(framework), "utf-8")
    (folder / "newspaper.py").write_text(SAVE, "utf-8")
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-m", *SERVERS[framework], str(port)],
            cwd=folder,
            env={**os.environ, **PYTHON, "HOUSE_RULES_URL": url, "HOUSE_RULES_KEY": key},
            stdout=log,
            stderr=log,
        )
    try:
        until(lambda: process.poll() is not None or listens(port), framework)
        assert process.poll() is None, (folder / "log").read_text("utf-8")
        yield Application(f"http://127.0.0.1:{port}", folder, f"a reader of {framework}")
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("framework", SERVERS)
def test_the_documented_code(framework: str, service: Service, tmp_path: Path) -> None:
    """It publishes, holds or refuses a comment, and holds it if there is no decision."""
    address, key = f"http://127.0.0.1:{service.port}", new_key(service, "decide")
    with application(framework, tmp_path / "up", address, key) as app:
        assert app.post(GOOD) == (201, {"status": "published"})
        assert app.post(EMOJI) == (201, {"status": "published"})
        assert app.post(QUOTES) == (201, {"status": "published"})
        status, answer = app.post(ABUSE)
        assert status == 422
        assert any("insult" in message.lower() for message in answer["messages"])
        assert app.post("u r right, the bus is always late n nobody cares abt it.") == (
            201,
            {"status": "held"},
        )
        saved = app.saved()
        assert [comment["text"] for comment, *_ in saved][:3] == [GOOD, EMOJI, QUOTES]
        assert [status for _, status, _ in saved] == ["published"] * 3 + ["held"]
        assert all(decision for *_, decision in saved)
        assert len({comment["id"] for comment, *_ in saved}) == 4


@pytest.mark.parametrize("framework", SERVERS)
@pytest.mark.parametrize("fault", ["away", "hanging", "wrong key"])
def test_without_a_decision(framework: str, fault: str, service: Service, tmp_path: Path) -> None:
    """It holds the comment and keeps its text."""
    with Hanging() as hanging:
        url = {
            "away": "http://127.0.0.1:9",
            "hanging": hanging.url,
            "wrong key": f"http://127.0.0.1:{service.port}",
        }[fault]
        with application(framework, tmp_path / "app", url, "hr-wrong") as app:
            assert app.post(GOOD) == (201, {"status": "held"})
            ((comment, status, decision),) = app.saved()
            assert (comment["text"], status, decision) == (GOOD, "held", None)
