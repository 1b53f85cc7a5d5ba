"""The same id and text get one decision, from any worker, concurrently or later."""

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
    """Call all functions at the same moment. Return their answers."""
    barrier = threading.Barrier(len(asks))

    def send(ask: Ask) -> dict[str, Any]:
        barrier.wait()
        return ask()

    with ThreadPoolExecutor(len(asks)) as pool:
        return list(pool.map(send, asks))


def pairs(*services: Service, times: int = 2) -> dict[str, list[dict[str, Any]]]:
    """Return the answers by comment. Each service gets each comment `times` times at once."""
    answers = {}
    for number in range(COMMENTS):
        fields = {"text": f"Short {number}", "id": f"c{number}", "author": f"ravi{number}"}
        asks = [partial(service.decide, **fields) for service in services for _ in range(times)]
        answers[f"c{number}"] = at_once(asks)
    return answers


def differing(answers: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return the comments whose answers differ."""
    return [
        comment
        for comment, (first, *others) in answers.items()
        if any(other != first for other in others)
    ]


def check_recorded_once(url: str, answers: dict[str, list[dict[str, Any]]]) -> None:
    """Check that the record holds exactly the answered decision for each comment."""
    decisions, comments = recorded(url)
    assert sorted(comments) == sorted(answers)
    assert sorted(decisions) == sorted(first["id"] for first, *_ in answers.values())


def about(service: Service, method: str, path: str, body: Any = None) -> dict[str, Any]:
    """Return the answer about a decision. Retries until the worker's circuit is closed."""
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
    """Return how many webhook calls are due."""
    engine = database.connect(url)
    with engine.connect() as connection:
        count = connection.execute(sa.text("SELECT count(*) FROM deliveries")).scalar_one()
    engine.dispose()
    return int(count)


def test_two_workers_of_one_service(url: str, tmp_path: Path) -> None:
    """Each comment has one row, one event and one answer, also when it is sent again."""
    with running(Service(tmp_path / "service", url, environment=HOOK)) as service:
        answers = pairs(service, times=4)
        assert differing(answers) == []
        assert all(first["recorded"] for first, *_ in answers.values())
        repeated = pairs(service)
        again = {comment: [first, *repeated[comment]] for comment, (first, *_) in answers.items()}
        assert differing(again) == []
        check_recorded_once(url, answers)
        assert events(url) == COMMENTS


def test_twice_in_one_batch(service: Service) -> None:
    """This holds when another batch has them in another order at the same time."""
    comments = [{"text": f"Short {n}", "id": f"c{n}", "author": "ravi"} for n in range(COMMENTS)]

    def ask(order: list[dict[str, str]]) -> dict[str, Any]:
        status, content = service.ask("POST", "/v1/moderate/batch", {"comments": order})
        assert status == 200
        answer: dict[str, Any] = json.loads(content)
        return answer

    orders = [[*comments, *comments], [*reversed(comments), *comments]]
    first, second = at_once([partial(ask, order) for order in orders])
    answers: dict[str, list[dict[str, Any]]] = {}
    for decision in [*first["decisions"], *second["decisions"]]:
        answers.setdefault(decision["comment_id"], []).append(decision)
    assert {len(repeats) for repeats in answers.values()} == {4}
    assert differing(answers) == []
    check_recorded_once(service.database, answers)


def test_two_services_on_one_database(server: Postgres, tmp_path: Path) -> None:
    """The hosts share only the database. Each has its own spool."""
    server.start()
    with (
        running(Service(tmp_path / "one", server.url)) as one,
        running(Service(tmp_path / "two", server.url)) as two,
    ):
        answers = pairs(one, two)
        assert differing(answers) == []
        check_recorded_once(server.url, answers)


def test_while_the_database_is_away(server: Postgres, tmp_path: Path) -> None:
    """The spool keeps the first decision. It is the answer before and after the outage."""
    with running(Service(tmp_path / "service", server.url, environment=HOOK)) as service:
        answers = pairs(service, times=4)
        assert differing(answers) == []
        assert not any(first["recorded"] for first, *_ in answers.values())
        assert service.waiting() == COMMENTS
        server.start()
        until(lambda: service.waiting() == 0, "the spool")
        check_recorded_once(server.url, answers)
        assert events(server.url) == COMMENTS
        for comment, later in pairs(service).items():
            expected = {**answers[comment][0], "recorded": True, "revision": 1}
            assert later == [expected, expected]
        check_recorded_once(server.url, answers)


def test_while_the_spool_is_drained(server: Postgres, tmp_path: Path) -> None:
    """A worker whose circuit is still open gives the same decision."""
    with running(Service(tmp_path / "service", server.url)) as service:
        first = {f"c{n}": service.decide(f"Short {n}", id=f"c{n}")["id"] for n in range(10)}
        stop = threading.Event()

        def ask(_: int) -> set[tuple[str, str]]:
            answered = set()
            while not stop.is_set():
                for n in range(10):
                    answered.add((f"c{n}", service.decide(f"Short {n}", id=f"c{n}")["id"]))
            return answered

        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask, n) for n in range(4)]
            try:
                server.start()
                until(lambda: service.waiting() == 0, "the spool")
                until(lambda: service.decide("Short 0", id="c0")["recorded"], "the record")
            finally:
                stop.set()
            answers = set().union(*(future.result() for future in asking))
        assert answers == set(first.items())
        assert sorted(recorded(server.url)[0]) == sorted(first.values())


def test_two_hosts_while_the_database_is_away(server: Postgres, tmp_path: Path) -> None:
    """Each decides by itself. One decision is recorded, and found by both ids."""
    one, two = Service(tmp_path / "one", server.url), Service(tmp_path / "two", server.url)
    with running(one), running(two):
        ids = {service.decide("Short", id="c1")["id"] for service in (one, two)}
        assert len(ids) == 2
        server.start()
        until(lambda: one.waiting() == two.waiting() == 0, "the spools")
        (recorded_id,), comments = recorded(server.url)
        assert (recorded_id in ids, comments) == (True, ["c1"])
        for service in (one, two):
            assert service.decide("Short", id="c1")["id"] == recorded_id
            assert {about(service, "GET", f"/v1/decisions/{id_}")["id"] for id_ in ids} == {
                recorded_id
            }
        (other,) = ids - {recorded_id}
        about(one, "POST", f"/v1/decisions/{other}/claim", {"who": "asha"})
        about(one, "POST", f"/v1/decisions/{other}/verdict", {"action": "reject", "who": "asha"})
        assert about(two, "GET", f"/v1/decisions/{recorded_id}")["standing"] == "reject"
