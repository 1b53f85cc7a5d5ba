"""A newspaper in Django with the comments of django-contrib-comments or django-comments-xtd.

Its own process runs Django; the tests use it as readers and moderators do, over HTTP.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.service import PATIENCE_S, Service, until
from tests.platforms.conftest import PYTHON, new_key

SITE = Path(__file__).parent / "django_site"

GOOD = "The old library should stay open on Sundays, because many children read there."
ABUSE = "You are a stupid idiot and a liar, and everyone knows it."
DOUBTFUL = "u r right, the bus is always late n nobody cares abt it."
HINDI = "यह पुल बहुत अच्छा है और हम सब खुश हैं।"
PHONE = "You can ring the organiser at home on 98450 12345 to complain about it."
SPAM = "Visit https://bit.ly/win and https://bit.ly/cash and https://bit.ly/now to earn money."


@dataclass
class Herald:
    """The newspaper: Django's development server and our service."""

    url: str
    database: Path
    environment: dict[str, str]
    service: Service
    admin_key: str
    http: httpx.Client

    def manage(self, *command: str) -> str:
        """Run a command of `manage.py`. Return what it prints."""
        done = subprocess.run(  # noqa: S603 - our own
            [sys.executable, "manage.py", *command],
            cwd=SITE,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def comment(self, text: str, author: str, article: int = 1) -> httpx.Response:
        """Fill in the form below an article and send it."""
        page = self.http.get(f"/articles/{article}/")
        fields = {
            name: unescape(value)
            for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', page.text)
        }
        fields.pop("preview", None)  # the other button
        fields |= {"name": author, "email": f"{author}@example.com", "comment": text}
        return self.http.post("/comments/post/", data={**fields, "honeypot": "", "url": ""})

    def stored(self, author: str) -> list[tuple[str, bool, bool]]:
        """Return text, `is_public` and `is_removed` of an author's comments, oldest first."""
        query = "SELECT comment, is_public, is_removed FROM django_comments WHERE user_name = ?"
        with closing(sqlite3.connect(self.database)) as connection:
            rows = connection.execute(query, (author,)).fetchall()
        return [(text, bool(public), bool(removed)) for text, public, removed in rows]

    def decisions(self, text: str) -> list[dict[str, Any]]:
        """Return the recorded decisions about a text."""
        status, lines = self.service.ask("GET", "/v1/export", key=self.admin_key)
        assert status == 200
        rows = [json.loads(line) for line in lines.decode().splitlines()]
        return [row for row in rows if row["text"] == text]

    def action(self, name: str, author: str) -> None:
        """Do an action with all of an author's comments, in Django's admin."""
        path = (
            "/admin/django_comments_xtd/xtdcomment/"
            if self.xtd
            else "/admin/django_comments/comment/"
        )
        page = self.http.get(path)
        with closing(sqlite3.connect(self.database)) as connection:
            query = "SELECT id FROM django_comments WHERE user_name = ?"
            ids = [str(row[0]) for row in connection.execute(query, (author,))]
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token is not None
        form = {"action": name, "_selected_action": ids, "csrfmiddlewaretoken": token[1]}
        assert self.http.post(path, data=form).status_code == 302

    @property
    def xtd(self) -> bool:
        """Whether the comment app is django-comments-xtd."""
        return self.environment["COMMENTS_APP"] == "django_comments_xtd"


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def django(environment: dict[str, str]) -> Iterator[str]:
    """Run Django's development server. Yields its address."""
    port = free_port()
    log = Path(environment["DATABASE"]).with_suffix(".log")
    with log.open("wb") as output:
        server = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"],
            cwd=SITE,
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        until(lambda: _answers(port), "Django")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(PATIENCE_S)


def _answers(port: int) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{port}/articles/1/").status_code == 200
    return False


@pytest.fixture(scope="module", params=["django_comments", "django_comments_xtd"])
def herald(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Herald]:
    """A newspaper with each comment app, and a service with the shipped policy and models."""
    folder = tmp_path_factory.mktemp(request.param)
    service = Service(
        folder / "service", f"sqlite:///{folder}/record.sqlite", workers=1, shipped=True
    )
    admin_key, key = new_key(service, "admin"), new_key(service, "decide", "verdict")
    service.start()
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([PYTHON["PYTHONPATH"], str(SITE)]),
        "COMMENTS_APP": request.param,
        "DATABASE": str(folder / "herald.sqlite"),
        "HOUSE_RULES_URL": f"http://127.0.0.1:{service.port}",
        "HOUSE_RULES_KEY": key,
        "DJANGO_SUPERUSER_PASSWORD": "of the tests",
    }
    herald = Herald("", folder / "herald.sqlite", environment, service, admin_key, httpx.Client())
    herald.manage("migrate", "--verbosity", "0")
    herald.manage("createsuperuser", "--noinput", "--username", "asha", "--email", "a@example.com")
    herald.manage("shell", "--command", "from news.models import *; Article(title='Tolls').save()")
    with django(environment) as url, httpx.Client(base_url=url, timeout=PATIENCE_S) as http:
        herald.url, herald.http = url, http
        page = http.get("/admin/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token is not None
        sign_in = {"username": "asha", "password": "of the tests", "csrfmiddlewaretoken": token[1]}
        assert http.post("/admin/login/?next=/admin/", data=sign_in).status_code == 302
        yield herald
    service.stop()


def test_the_migrations_are_complete(herald: Herald) -> None:
    """Django finds no change of our models that has no migration, and no other problem."""
    herald.manage("makemigrations", "--check", "--dry-run", "house_rules")
    herald.manage("check")


@pytest.mark.parametrize(
    ("author", "text", "public"),
    [
        pytest.param("pleased", GOOD, True, id="good"),
        pytest.param("hasty", DOUBTFUL, False, id="doubtful"),
        pytest.param("quoting", r"""It's "fine" in C:\council\new, isn't it?""", True, id="quotes"),
        pytest.param(
            "cheerful", "The new bridge is lovely, and I thank everybody. 🎉", True, id="emoji"
        ),
        pytest.param("caller", PHONE, False, id="phone"),
    ],
)
def test_a_comment(herald: Herald, author: str, text: str, public: bool) -> None:
    """An approved comment is public. One for a person is stored and not public."""
    assert herald.comment(text, author).status_code == 302
    (decision,) = herald.decisions(text)
    expected = "approve" if public else "review"
    if decision["action"] == "reject":
        pytest.fail(f"rejected: {decision['reasons']}")
    assert herald.stored(author) == [(text, public, False)]
    assert decision["action"] == expected
    assert decision["author"].startswith("django:")
    assert decision["article"] == "Tolls"


@pytest.mark.parametrize(
    ("author", "text", "guideline"),
    [
        pytest.param("rude", ABUSE, "Be civil", id="abuse"),
        pytest.param("hindi", HINDI, "Write in English", id="Hindi"),
    ],
)
def test_a_rejected_comment(herald: Herald, author: str, text: str, guideline: str) -> None:
    """The form comes back with the text and the reasons. Nothing is stored."""
    answer = herald.comment(text, author)
    assert answer.status_code == 200
    assert guideline in unescape(answer.text)
    assert text in unescape(answer.text)
    assert herald.stored(author) == []


def test_a_double_click(herald: Herald) -> None:
    """The same comment sent twice is stored once, or as often as django-comments-xtd does."""
    text = "The lift at the station is out of order again, as it was in May."
    herald.comment(text, "eager")
    herald.comment(text, "eager")
    first, *more = herald.stored("eager")
    assert first == (text, True, False)
    assert len(more) == herald.xtd


def test_verdicts_from_the_admin(herald: Herald) -> None:
    """Approving a held comment and removing a public one are verdicts of the person."""
    held = "u r right, the tram is always late n nobody cares abt it."
    published = "The council met on Monday and talked about the pier for an hour."
    herald.comment(held, "waiting")
    herald.comment(published, "removed")
    herald.action("approve_comments", "waiting")
    herald.action("remove_comments", "removed")
    assert herald.stored("waiting") == [(held, True, False)]
    until(lambda: herald.decisions(held)[0]["standing"] == "approve", "the verdict")
    until(lambda: herald.decisions(published)[0]["standing"] == "reject", "the verdict")
    status, body = herald.service.ask(
        "GET", f"/v1/decisions/{herald.decisions(held)[0]['id']}", key=herald.admin_key
    )
    assert status == 200
    assert "asha" in json.dumps(json.loads(body)["history"]["verdicts"])


@pytest.mark.parametrize("failure", ["away", "slow", "wrong key"])
def test_without_an_answer(herald: Herald, failure: str) -> None:
    """A comment is held, and asked about again when the service is back."""
    good = f"The harbour is open again, they say, although it was {failure} for a week."
    bad, name = f"{ABUSE} It was {failure} too.", failure.replace(" ", "-")
    broken = {
        "away": {"HOUSE_RULES_URL": f"http://127.0.0.1:{free_port()}"},
        "wrong key": {"HOUSE_RULES_KEY": "hr-0-0"},
        "slow": {},
    }
    with silent() as address:
        changed = {"HOUSE_RULES_URL": address} if failure == "slow" else broken[failure]
        with django({**herald.environment, **changed}) as elsewhere:
            apart = replace(herald, http=httpx.Client(base_url=elsewhere, timeout=PATIENCE_S))
            with apart.http:
                for text, author in ((good, f"good-{name}"), (bad, f"bad-{name}")):
                    assert apart.comment(text, author).status_code == 302
                    assert apart.stored(author) == [(text, False, False)]
    herald.manage("house_rules")
    assert herald.stored(f"good-{name}") == [(good, True, False)]
    assert herald.stored(f"bad-{name}") == [(bad, False, True)]


@contextmanager
def silent() -> Iterator[str]:
    """Listen and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_form_of_ones_own(herald: Herald) -> None:
    """The mixin holds and refuses; the validator refuses. Both give the reasons."""
    letter = {"heading": "The tolls are too high.", "text": GOOD}
    published = herald.http.post("/letters/", data=letter)
    assert (published.status_code, published.json()["public"]) == (201, True)
    assert published.json()["decision"]
    held = herald.http.post("/letters/", data={**letter, "text": DOUBTFUL})
    assert (held.status_code, held.json()["public"]) == (201, False)
    refused = herald.http.post("/letters/", data={"heading": ABUSE, "text": ABUSE})
    assert refused.status_code == 422
    assert refused.json()["heading"][0].startswith("Be civil")


def test_a_verdict_while_the_service_is_away(herald: Herald) -> None:
    """It is sent by the command later."""
    text = "u r right, the ferry is always late n nobody cares abt it."
    herald.comment(text, "patient")
    herald.service.stop()
    herald.action("approve_comments", "patient")
    herald.service.start()  # on another port
    herald.environment["HOUSE_RULES_URL"] = f"http://127.0.0.1:{herald.service.port}"
    assert herald.decisions(text)[0]["standing"] == "review"
    assert "1 verdicts sent" in herald.manage("house_rules")
    assert herald.decisions(text)[0]["standing"] == "approve"
