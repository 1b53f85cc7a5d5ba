"""The same id with the same text: one decision, whoever asks, at the same moment or later."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from api.record import database
from tests.faults.service import Postgres, Service, recorded, running, until

COMMENTS = 30
HOOK = {"MODERATION_WEBHOOKS": "http://127.0.0.1:1/hook", "MODERATION_WEBHOOK_SECRET": "secret"}

Ask = Callable[[], dict[str, Any]]


def at_once(asks: Sequence[Ask]) -> list[dict[str, Any]]:
    """The answers of clients that all send at the same moment."""
    barrier = threading.Barrier(len(asks))

    def send(ask: Ask) -> dict[str, Any]:
        barrier.wait()
        return ask()

    with ThreadPoolExecutor(len(asks)) as pool:
        return list(pool.map(send, asks))


def pairs(*services: Service, times: int = 2) -> dict[str, list[dict[str, Any]]]:
    """By each comment the answers of these services, each asked so often at the same moment."""
    answers = {}
    for number in range(COMMENTS):
        known = {"text": f"Short {number}", "id": f"c{number}", "author": f"ravi{number}"}
        asks = [partial(service.decide, **known) for service in services for _ in range(times)]
        answers[f"c{number}"] = at_once(asks)
    return answers


def differing(answers: dict[str, list[dict[str, Any]]]) -> list[str]:
    """The comments whose answers differ in anything."""
    return [comment for comment, given in answers.items() if any(it != given[0] for it in given)]


def once(url: str, answers: dict[str, list[dict[str, Any]]]) -> None:
    """The record holds one decision for each comment, the one that was answered."""
    decisions, comments = recorded(url)
    assert sorted(comments) == sorted(answers)
    assert sorted(decisions) == sorted(given[0]["id"] for given in answers.values())


def told(service: Service, method: str, path: str, body: Any = None) -> dict[str, Any]:
    """The answer about a decision, as soon as each worker knows that the database is back."""
    answers: list[tuple[int, bytes]] = []

    def answered() -> bool:
        answers.append(service.ask(method, path, body))
        return answers[-1][0] != 503

    until(answered, "the record")
    status, content = answers[-1]
    assert status == 200, content
    decision: dict[str, Any] = json.loads(content)
    return decision


def events(url: str) -> int:
    """How many webhook calls are due."""
    engine = database.connect(url)
    with engine.connect() as connection:
        count = connection.execute(sa.text("SELECT count(*) FROM deliveries")).scalar_one()
    engine.dispose()
    return int(count)


def test_two_workers_of_one_service(url: str, tmp_path: Path) -> None:
    """One row, one answer whole and equal, one event; the repeated answer is the first one."""
    with running(Service(tmp_path / "service", url, environment=HOOK)) as service:
        answers = pairs(service, times=4)
        assert differing(answers) == []
        assert all(given[0]["recorded"] for given in answers.values())
        again = {comment: [given[0]] for comment, given in answers.items()}
        for comment, (first, *others) in pairs(service).items():
            again[comment] += [first, *others]
        assert differing(again) == []
        once(url, answers)
        assert events(url) == COMMENTS


def test_twice_in_one_batch(service: Service) -> None:
    """Also at once in another batch that has them in another order."""
    comments = [{"text": f"Short {n}", "id": f"c{n}", "author": "ravi"} for n in range(COMMENTS)]

    def ask(order: list[dict[str, str]]) -> dict[str, Any]:
        status, content = service.ask("POST", "/v1/moderate/batch", {"comments": order})
        assert status == 200
        found: dict[str, Any] = json.loads(content)
        return found

    orders = [[*comments, *comments], [*reversed(comments), *comments]]
    first, second = at_once([partial(ask, order) for order in orders])
    answers: dict[str, list[dict[str, Any]]] = {}
    for decision in [*first["decisions"], *second["decisions"]]:
        answers.setdefault(decision["comment_id"], []).append(decision)
    assert {len(given) for given in answers.values()} == {4}
    assert differing(answers) == []
    once(service.database, answers)


def test_two_services_on_one_database(server: Postgres, tmp_path: Path) -> None:
    """Each host has its own spool; the database is what they share."""
    server.start()
    with (
        running(Service(tmp_path / "one", server.url)) as one,
        running(Service(tmp_path / "two", server.url)) as two,
    ):
        answers = pairs(one, two)
        assert differing(answers) == []
        once(server.url, answers)


def test_while_the_database_is_away(server: Postgres, tmp_path: Path) -> None:
    """The spool keeps the first; it is answered before the database is back and after."""
    with running(Service(tmp_path / "service", server.url, environment=HOOK)) as service:
        answers = pairs(service, times=4)
        assert differing(answers) == []
        assert not any(given[0]["recorded"] for given in answers.values())
        assert service.waiting() == COMMENTS
        server.start()
        until(lambda: service.waiting() == 0, "the spool")
        once(server.url, answers)
        assert events(server.url) == COMMENTS
        for comment, later in pairs(service).items():
            expected = {**answers[comment][0], "recorded": True, "revision": 1}
            assert later == [expected, expected]
        once(server.url, answers)


def test_while_the_spool_is_drained(server: Postgres, tmp_path: Path) -> None:
    """A worker that does not know yet that the database is back gives the same decision too."""
    with running(Service(tmp_path / "service", server.url)) as service:
        first = {f"c{n}": service.decide(f"Short {n}", id=f"c{n}")["id"] for n in range(10)}
        stop = threading.Event()

        def ask(_: int) -> set[tuple[str, str]]:
            found = set()
            while not stop.is_set():
                for n in range(10):
                    found.add((f"c{n}", service.decide(f"Short {n}", id=f"c{n}")["id"]))
            return found

        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask, n) for n in range(4)]
            try:
                server.start()
                until(lambda: service.waiting() == 0, "the spool")
                until(lambda: service.decide("Short 0", id="c0")["recorded"], "the record")
            finally:
                stop.set()
            given = set().union(*(it.result() for it in asking))
        assert given == set(first.items())
        assert sorted(recorded(server.url)[0]) == sorted(first.values())


def test_two_hosts_while_the_database_is_away(server: Postgres, tmp_path: Path) -> None:
    """They cannot know of each other: one decision is kept, and found by the ids of both."""
    one, two = Service(tmp_path / "one", server.url), Service(tmp_path / "two", server.url)
    with running(one), running(two):
        ids = {service.decide("Short", id="c1")["id"] for service in (one, two)}
        assert len(ids) == 2
        server.start()
        until(lambda: one.waiting() == two.waiting() == 0, "the spools")
        (kept,), comments = recorded(server.url)
        assert (kept in ids, comments) == (True, ["c1"])
        for service in (one, two):
            assert service.decide("Short", id="c1")["id"] == kept
            assert {told(service, "GET", f"/v1/decisions/{id_}")["id"] for id_ in ids} == {kept}
        (other,) = ids - {kept}
        told(one, "POST", f"/v1/decisions/{other}/claim", {"who": "asha"})
        told(one, "POST", f"/v1/decisions/{other}/verdict", {"action": "reject", "who": "asha"})
        assert told(two, "GET", f"/v1/decisions/{kept}")["standing"] == "reject"
