"""The same comment and text gets one decision: in the record, in the spool and in between."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from api.decisions import Decider, DecisionRequest
from api.record import decisions, erase, seal
from api.record.database import Sessions, writing
from api.record.spool import Spool
from api.record.tables import AliasRow, DecisionRow, DeliveryRow
from api.record.webhooks import Hook
from moderation import Comment, Decision, Moderator, Policy
from moderation.scoring.models import Models
from tests.api.record.conftest import NOW

HOOK = Hook("http://127.0.0.1:1/hook", "secret")
COMMENT = Comment("Too short", id="c1", author="ravi")


def values(moderator: Moderator, comment: Comment = COMMENT, store: bool = True) -> dict[str, Any]:
    """Return a decision about a comment as plain values."""
    return decisions.fields(
        moderator.moderate(comment),
        comment,
        moderator.policy,
        community="",
        route="v1",
        store=store,
        now=NOW,
    )


def rows(sessions: Sessions) -> list[str]:
    """Return the ids of all recorded decisions."""
    with sessions() as session:
        return list(session.scalars(select(DecisionRow.id).order_by(DecisionRow.sequence)))


def events(sessions: Sessions) -> list[str]:
    """Return the ids of the decisions in webhook calls."""
    with sessions() as session:
        bodies = [json.loads(body) for body in session.scalars(select(DeliveryRow.body))]
    return [body["data"]["id"] for body in bodies]


def worker(
    moderator: Moderator, sessions: Sessions, folder: Path, *, away: bool = False
) -> Decider:
    """Return a worker's decider. With `away`, its circuit is open."""
    decider = Decider(moderator, sessions, Spool(folder), clock=lambda: NOW, hooks=[HOOK])
    if away:
        decider.circuit.failed(OperationalError("", {}, RuntimeError()))
        assert decider.circuit.open
    return decider


def ask(decider: Decider, comment: Comment = COMMENT, store: bool = True) -> dict[str, Any]:
    """Return the answer to one request."""
    return decider.decide([DecisionRequest(comment, store_text=store)])[0]


def test_the_first_is_kept_and_all_get_it(sessions: Sessions, moderator: Moderator) -> None:
    """There is one row and one event. The other ids, which no client has, are not recorded."""
    decided = [values(moderator) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        recorded = list(pool.map(lambda row: decisions.keep(sessions, [row], NOW, [HOOK]), decided))
    answers = [by_id[row["id"]] for row, by_id in zip(decided, recorded, strict=True)]
    assert all(answer == answers[0] for answer in answers)
    assert rows(sessions) == events(sessions) == [answers[0]["id"]]
    seal.seal(sessions, NOW)
    with sessions() as session:
        assert seal.verify(session).problems == ()
        assert session.scalar(select(func.count()).select_from(AliasRow)) == 0


def test_an_id_that_was_answered_is_an_alias(sessions: Sessions, moderator: Moderator) -> None:
    """Recording the second decision again changes nothing."""
    first, second = values(moderator), values(moderator)
    decisions.keep(sessions, [first], NOW, [HOOK])
    for _ in range(2):
        recorded = decisions.keep(sessions, [second], NOW, [HOOK], answered=True)
        assert recorded[second["id"]]["id"] == first["id"]
    with sessions() as session:
        assert decisions.get(session, second["id"]).id == first["id"]
        with pytest.raises(decisions.UnknownDecisionError):
            decisions.get(session, "f" * 32)
    assert rows(sessions) == events(sessions) == [first["id"]]


def test_batches_in_opposite_orders(sessions: Sessions, moderator: Moderator) -> None:
    """Transactions deadlock. PostgreSQL aborts one, which then records row by row."""
    comments = [Comment("Too short", id=f"c{n}") for n in range(40)]
    batches = [
        [values(moderator, comment) for comment in order]
        for order in (comments, list(reversed(comments)), comments, list(reversed(comments)))
    ]
    with ThreadPoolExecutor(4) as pool:
        recorded = list(pool.map(lambda batch: decisions.keep(sessions, batch, NOW), batches))
    by_comment: dict[str, set[str]] = {}
    for answers in recorded:
        assert len(answers) == 40
        for answer in answers.values():
            by_comment.setdefault(answer["comment_id"], set()).add(answer["id"])
    assert {len(ids) for ids in by_comment.values()} == {1}
    assert len(rows(sessions)) == 40


def test_the_spool_keeps_the_first(sessions: Sessions, moderator: Moderator, spool: Spool) -> None:
    """Concurrent writers get the first decision. Edits and comments without id are separate."""
    decided = [values(moderator) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        waiting = list(pool.map(spool.put, decided))
    assert {row["id"] for row in waiting} == {waiting[0]["id"]}
    assert spool.find("", COMMENT) == waiting[0]
    others = [Comment("Shorter", id="c1"), Comment("Too short"), Comment("Too short")]
    for comment in others:
        spool.put(values(moderator, comment))
    assert len(spool) == 4
    assert not list(spool.folder.glob("*.partial"))
    assert spool.drain(sessions, NOW, [HOOK]) == 4
    assert len(rows(sessions)) == 4
    assert spool.find("", COMMENT) is None


def test_a_damaged_file_is_not_answered(
    sessions: Sessions, moderator: Moderator, spool: Spool
) -> None:
    """The comment is decided again, and the new decision waits under its id."""
    spool.put(values(moderator))
    (path,) = spool.folder.glob("*.json")
    for content in ("{", "[]", '{"id": "x"}', path.read_text().replace('"reasons"', '"reason"')):
        path.write_text(content)
        assert spool.find("", COMMENT) is None
    decision = values(moderator)
    assert spool.put(decision) == decision
    assert spool.drain(sessions, NOW) == 1
    assert rows(sessions) == [decision["id"]]
    assert len(list(spool.folder.glob("*.refused"))) == 1


def test_a_disk_without_hard_links(
    moderator: Moderator, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decisions can wait there too, and the first one is answered."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    first = spool.put(values(moderator))
    assert spool.put(values(moderator)) == first
    assert [path.suffix for path in spool.folder.iterdir() if path.name != ".lock"] == [".json"]


def test_an_erased_comment_is_decided_again(
    sessions: Sessions, moderator: Moderator, tmp_path: Path
) -> None:
    """Erasing removes the hash of its text from the file's name and from the record."""
    decider = worker(moderator, sessions, tmp_path / "spool", away=True)
    first = ask(decider)
    assert ask(decider) == first
    erase.by_comment(sessions, decider.spool, None, "c1", NOW)
    (path,) = decider.spool.folder.glob("*.json")
    assert path.stem == first["id"]
    second = ask(decider)
    assert second["id"] != first["id"]
    assert decider.spool.drain(sessions, NOW) == 2
    decider.circuit.answered()
    assert (ask(decider)["id"], ask(decider)["recorded"]) == (second["id"], True)
    assert erase.by_author(sessions, decider.spool, "", "ravi", NOW).erased == 1
    third = ask(decider)
    assert third["id"] not in (first["id"], second["id"])
    assert rows(sessions) == [first["id"], second["id"], third["id"]]


def test_a_spool_of_an_older_version(
    sessions: Sessions, moderator: Moderator, spool: Spool
) -> None:
    """The names of its files are the decisions' ids."""
    waiting = [values(moderator), values(moderator)]
    for row in waiting:
        (spool.folder / f"{row['id']}.json").write_text(json.dumps(row))
    assert spool.drain(sessions, NOW) == 2
    (recorded,) = rows(sessions)
    with sessions() as session:
        assert {decisions.get(session, row["id"]).id for row in waiting} == {recorded}


def test_a_worker_that_missed_the_drain(
    sessions: Sessions, moderator: Moderator, tmp_path: Path
) -> None:
    """Its circuit is open, but the spool has changed, so it asks the database."""
    first_worker, second_worker = (
        worker(moderator, sessions, tmp_path / "spool", away=True) for _ in range(2)
    )
    first = ask(first_worker)
    assert ask(second_worker) == first
    assert first_worker.drain() == 1
    assert second_worker.circuit.open
    assert ask(second_worker) == {**first, "recorded": True, "revision": 1}
    assert rows(sessions) == events(sessions) == [first["id"]]


def test_a_drain_while_a_comment_is_decided(
    sessions: Sessions, moderator: Moderator, tmp_path: Path
) -> None:
    """Another worker decides the same comment and drains the spool in the meantime."""
    other = worker(moderator, sessions, tmp_path / "spool", away=True)
    first: list[dict[str, Any]] = []

    class Slow(Moderator):
        def moderate_many(self, comments: Iterable[str | Comment]) -> Iterator[Decision]:
            first.append(ask(other))
            assert other.drain() == 1
            return super().moderate_many(comments)

    decider = worker(
        Slow(moderator.policy, moderator.models), sessions, tmp_path / "spool", away=True
    )
    assert ask(decider) == {**first[0], "recorded": True, "revision": 1}
    decider.drain()
    assert rows(sessions) == events(sessions) == [first[0]["id"]]


def test_a_comment_sent_twice_is_no_repetition(sessions: Sessions, tmp_path: Path) -> None:
    """The same id is the same comment. The same text under another id is a repetition."""
    text = "The bridge was needed, and the council says so."
    off = {name: {"enabled": False} for name in Policy.load().rules if name != "repetition"}
    decider = worker(Moderator(Policy.load(off), Models({}, {})), sessions, tmp_path / "spool")
    comments = [Comment(text, id=id_, author="ravi") for id_ in ("c1", "c1", "c2")]
    first, second = decider.decide([DecisionRequest(comment) for comment in comments[:2]])
    assert (first["action"], second) == ("approve", first)
    assert ask(decider, comments[1]) == first
    assert ask(decider, comments[2])["action"] != "approve"


def test_unstored_comments_are_decided_each_time(
    sessions: Sessions, moderator: Moderator, tmp_path: Path
) -> None:
    """Without its text the record cannot recognise a comment. Within a batch it can."""
    decider = worker(moderator, sessions, tmp_path / "spool")
    assert ask(decider, store=False)["id"] != ask(decider, store=False)["id"]
    twice = decider.decide([DecisionRequest(COMMENT, store_text=False)] * 2)
    assert twice[0] == twice[1]
    tried = decider.decide([DecisionRequest(COMMENT, record=False)] * 2)
    assert tried[0]["id"] != tried[1]["id"]
    assert {answer["recorded"] for answer in tried} == {False}
    assert len(rows(sessions)) == 3


def test_a_claim_by_an_alias(sessions: Sessions, moderator: Moderator, tmp_path: Path) -> None:
    """The alias leads to the recorded decision."""
    decider = worker(moderator, sessions, tmp_path / "spool")
    first, second = values(moderator), values(moderator)
    decisions.keep(sessions, [first], NOW)
    decisions.keep(sessions, [second], NOW, answered=True)
    with decider.writing("verdict", second["id"]) as session:
        assert decisions.get(session, second["id"]).id == first["id"]
    assert events(sessions) == [first["id"]]
    with writing(sessions) as session:
        assert decisions.resolve_id(session, first["id"]) == first["id"]
