"""`moderate_many` of our clients: many comments, and a service slower than the timeout."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from house_rules import Comment, HouseRules, RefusedError, UnansweredError
from house_rules.batches import MOST_BYTES
from sqlalchemy import select
from werkzeug.serving import make_server

from api import App
from api.record.tables import DecisionRow
from api.services import services_of
from moderation.scoring.scorer import Probabilities
from moderation.text.reading import Text
from tests.api.dialects.conftest import FINE, FakeScorer, make
from tests.faults.service import PATIENCE_S, Service, recorded, running, until
from tests.own_clients.test_javascript import NODE, call

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

OWN_COMMENTS = Path(__file__).parents[2] / "data" / "own_comments.csv"
BATCH = "/v1/moderate/batch"

with_node = pytest.mark.skipif(NODE is None, reason="no node here")
LANGUAGES = ["python", pytest.param("javascript", marks=with_node)]


class Proxy:
    """A proxy before the service, which stores every batch and delays some answers."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.batches: list[list[dict[str, Any]]] = []
        self.lengths: list[int] = []
        self.decided: list[int] = []
        self.late: dict[int, threading.Event] = {}  # by number of the batch: answer when set
        self.arrived: dict[int, threading.Event] = {}  # set when the batch of this number comes

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Return the service's answer, delayed if `late` says so."""
        number = len(self.batches)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        self.batches.append(json.loads(body)["comments"])
        self.lengths.append(len(body))
        if number in self.arrived:
            self.arrived[number].set()
        answer = list(self.app(environ, start_response))
        self.decided.append(number)
        if number in self.late:
            self.late[number].wait(PATIENCE_S)
        return answer

    def rows(self) -> list[DecisionRow]:
        """Wait until the service has decided all batches. Return the record's rows."""
        until(lambda: len(self.decided) == len(self.batches), "the last decision")
        with services_of(self.app).decider.sessions() as session:
            return list(session.scalars(select(DecisionRow)))


class SlowOnce(FakeScorer):
    """A scorer that takes `takes_s` for the first comment with some words."""

    def __init__(self, words: str, takes_s: float) -> None:
        self.words, self.takes_s = words, takes_s

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Return the scores, after a delay if the words are in a text."""
        if self.takes_s and any(self.words in text.clean for text in texts):
            delay_s, self.takes_s = self.takes_s, 0.0
            time.sleep(delay_s)
        return super().score(texts)


@contextmanager
def serving(app: App) -> Iterator[tuple[str, Proxy]]:
    """Run the service behind a `Proxy`. Yields its address and the proxy."""
    proxy = Proxy(app)
    server = make_server("127.0.0.1", 0, proxy, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", proxy
    finally:
        for event in proxy.late.values():
            event.set()
        server.shutdown()
        thread.join()
        server.server_close()


def many(language: str, url: str, comments: list[Any], timeout: float) -> list[Any]:
    """Return all answers that a client gets."""
    if language == "python":
        return list(HouseRules(url, timeout=timeout).moderate_many(comments))
    result = call("moderateMany", comments, url=url, timeoutMs=1000 * timeout)
    answers: list[Any] = result["answer"]
    return answers


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_thousand_comments_with_the_shipped_models(language: str, tmp_path: Path) -> None:
    """With default settings, all comments are answered, and recorded once."""
    with OWN_COMMENTS.open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in islice(csv.DictReader(file), 1_000)]
    record = f"sqlite:///{tmp_path}/record.sqlite"
    with running(Service(tmp_path / "service", record, shipped=True)) as service:
        url = f"http://127.0.0.1:{service.port}"
        if language == "python":
            answers: list[Any] = list(HouseRules(url).moderate_many(texts))
        else:
            answers = call("moderateMany", texts, url=url)["answer"]
    decisions, comments = recorded(record)
    assert len({answer["id"] for answer in answers}) == 1_000
    assert sorted(decisions) == sorted(answer["id"] for answer in answers)
    assert len(set(comments)) == 1_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_retry_after_a_timeout_adds_no_row(language: str, tmp_path: Path) -> None:
    """The service decides after the client's timeout. The retry gets the same decisions."""
    comments: list[Any] = [
        {"text": f"{FINE} One.", "id": "c-1", "author": "ravi"},
        *[f"{FINE} Number {number}." for number in range(30)],
    ]
    with serving(make(tmp_path)) as (url, proxy):
        proxy.late[1] = proxy.arrived[2] = threading.Event()
        answers = many(language, url, comments, timeout=3.0)
        rows = proxy.rows()
    assert len(answers) == len(rows) == len(comments)
    assert [answer["id"] for answer in answers] == [row.id for row in rows]
    first, second, third = proxy.batches[:3]
    assert (len(first), len(third)) == (10, len(second) // 2)
    assert third == second[: len(third)]
    assert first[0]["id"] == "c-1"
    assert first[1]["id"].startswith("client:")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_retry_waits_for_the_service_to_finish(language: str, tmp_path: Path) -> None:
    """The service is still deciding a batch when the client gives up its request."""
    comments = [f"{FINE} Number {number}." for number in range(12)]
    with serving(make(tmp_path, SlowOnce("Number 11.", 4.5))) as (url, proxy):
        answers = many(language, url, comments, timeout=4.0)
        rows = proxy.rows()
    assert [answer["id"] for answer in answers] == [row.id for row in rows]
    assert len(rows) == 12


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_before_the_deadline_are_kept(language: str, tmp_path: Path) -> None:
    """Later comments have no answer. The client stops before all tries are used."""
    comments = [f"{FINE} Number {number}." for number in range(30)]
    answers: list[Any] = []
    start = time.monotonic()
    with serving(make(tmp_path)) as (url, proxy):
        proxy.late = dict.fromkeys(range(1, 9), threading.Event())
        if language == "python":
            iterator = HouseRules(url, timeout=600.0).moderate_many(comments, deadline=8.0)
            with pytest.raises(UnansweredError):
                answers.extend(iterator)
        else:
            error = call("moderateMany", comments, {"deadlineMs": 8000}, url=url, timeoutMs=600_000)
            assert error["name"] == "UnansweredError"
            answers = error["answers"]
    assert [answer["action"] for answer in answers] == ["approve"] * 10
    assert time.monotonic() - start < PATIENCE_S


def test_comments_are_read_as_needed(tmp_path: Path) -> None:
    """A file of millions of comments does not fill the memory."""
    read: list[int] = []

    def comments() -> Iterator[str]:
        for number in range(1_000):
            read.append(number)
            yield f"{FINE} Number {number}."

    with serving(make(tmp_path)) as (url, proxy):
        answers = HouseRules(url).moderate_many(comments())
        assert read == []
        assert next(answers).get("action") == "approve"
        assert len(read) == len(proxy.batches[0]) == 10


@pytest.mark.parametrize("language", LANGUAGES)
def test_requests_fit_the_services_limit(language: str, tmp_path: Path) -> None:
    """This holds for the default limit and for a smaller one."""
    long = [f"{'A fine bridge. ' * 1_300} {number}" for number in range(120)]
    with serving(make(tmp_path)) as (url, proxy):
        assert len(many(language, url, long, timeout=60.0)) == len(proxy.rows()) == 120
        assert max(proxy.lengths) <= MOST_BYTES + 20
        assert max(map(len, proxy.batches)) > 20
    other = tmp_path / "other"
    other.mkdir()
    with serving(make(other, MODERATION_MAX_CONTENT_LENGTH=50_000)) as (url, proxy):
        assert len(many(language, url, long[:12], timeout=60.0)) == len(proxy.rows()) == 12
        too_long: list[Any] = [FINE, "A fine bridge. " * 5_000]
        if language == "python":
            with pytest.raises(RefusedError):
                many(language, url, too_long, timeout=60.0)
        else:
            assert call("moderateMany", too_long, url=url)["name"] == "RefusedError"


@pytest.mark.parametrize("language", LANGUAGES)
def test_which_comments_get_an_id(language: str, tmp_path: Path) -> None:
    """The client adds an id to recorded comments without one. A null counts as none."""
    comments: list[Comment] = [
        {"text": FINE, "dry_run": True},
        {"text": FINE, "do_not_store": True},
        {"text": FINE, "id": None},
        {"text": FINE, "id": "c-1"},
    ]
    with serving(make(tmp_path)) as (url, proxy):
        many(language, url, comments, timeout=60.0)
        (batch,) = proxy.batches
    ids = [comment.get("id") for comment in batch]
    assert (ids[0], ids[3]) == (None, "c-1")
    assert [str(id_).partition(":")[0] for id_ in ids[1:3]] == ["client", "client"]
    assert ids[1] != ids[2]
