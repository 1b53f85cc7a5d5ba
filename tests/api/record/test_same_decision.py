"""One decision for the same comment with the same text: in the record, in the spool, in between."""

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
    """A decision about a comment, ready to be kept."""
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
    """The ids of all decisions."""
    with sessions() as session:
        return list(session.scalars(select(DecisionRow.id).order_by(DecisionRow.sequence)))


def events(sessions: Sessions) -> list[str]:
    """The decisions that webhook calls tell of."""
    with sessions() as session:
        bodies = [json.loads(body) for body in session.scalars(select(DeliveryRow.body))]
    return [body["data"]["id"] for body in bodies]


def worker(
    moderator: Moderator, sessions: Sessions, folder: Path, *, away: bool = False
) -> Decider:
    """A worker's keeper; with `away` it takes the database for away."""
    keeper = Decider(moderator, sessions, Spool(folder), clock=lambda: NOW, hooks=[HOOK])
    if away:
        keeper.circuit.failed(OperationalError("", {}, RuntimeError()))
        assert keeper.circuit.open
    return keeper


def ask(keeper: Decider, comment: Comment = COMMENT, store: bool = True) -> dict[str, Any]:
    """The answer to one request."""
    return keeper.decide([DecisionRequest(comment, store_text=store)])[0]


def test_the_first_is_kept_and_all_get_it(sessions: Sessions, moderator: Moderator) -> None:
    """One row, one event, and a record that is whole; ids that nobody has are forgotten."""
    made = [values(moderator) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(lambda one: decisions.keep(sessions, [one], NOW, [HOOK]), made))
    answers = [given[one["id"]] for one, given in zip(made, kept, strict=True)]
    assert all(answer == answers[0] for answer in answers)
    assert rows(sessions) == events(sessions) == [answers[0]["id"]]
    seal.seal(sessions, NOW)
    with sessions() as session:
        assert seal.verify(session).problems == ()
        assert session.scalar(select(func.count()).select_from(AliasRow)) == 0


def test_an_id_that_was_answered_is_an_alias(sessions: Sessions, moderator: Moderator) -> None:
    """However often the row that lost is tried again."""
    first, second = values(moderator), values(moderator)
    decisions.keep(sessions, [first], NOW, [HOOK])
    for _ in range(2):
        kept = decisions.keep(sessions, [second], NOW, [HOOK], answered=True)
        assert kept[second["id"]]["id"] == first["id"]
    with sessions() as session:
        assert decisions.get(session, second["id"]).id == first["id"]
        with pytest.raises(decisions.UnknownDecisionError):
            decisions.get(session, "f" * 32)
    assert rows(sessions) == events(sessions) == [first["id"]]


def test_batches_in_opposite_orders(sessions: Sessions, moderator: Moderator) -> None:
    """Two transactions that each wait for the other: PostgreSQL ends one, which goes on alone."""
    comments = [Comment("Too short", id=f"c{n}") for n in range(40)]
    batches = [
        [values(moderator, comment) for comment in order]
        for order in (comments, list(reversed(comments)), comments, list(reversed(comments)))
    ]
    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(lambda batch: decisions.keep(sessions, batch, NOW), batches))
    by_comment: dict[str, set[str]] = {}
    for given in kept:
        assert len(given) == 40
        for answer in given.values():
            by_comment.setdefault(answer["comment_id"], set()).add(answer["id"])
    assert {len(ids) for ids in by_comment.values()} == {1}
    assert len(rows(sessions)) == 40


def test_the_spool_keeps_the_first(sessions: Sessions, moderator: Moderator, spool: Spool) -> None:
    """Of threads that write at once; an edit and a comment without id wait by themselves."""
    made = [values(moderator) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        waiting = list(pool.map(spool.put, made))
    assert {one["id"] for one in waiting} == {waiting[0]["id"]}
    assert spool.find("", COMMENT) == waiting[0]
    others = [Comment("Shorter", id="c1"), Comment("Too short"), Comment("Too short")]
    for comment in others:
        spool.put(values(moderator, comment))
    assert len(spool) == 4
    assert not list(spool.folder.glob("*.partial"))
    assert spool.drain(sessions, NOW, [HOOK]) == 4
    assert len(rows(sessions)) == 4
    assert spool.find("", COMMENT) is None


def test_a_damaged_file_is_nobodys_answer(
    sessions: Sessions, moderator: Moderator, spool: Spool
) -> None:
    """The comment is decided again, and that decision waits under its id."""
    spool.put(values(moderator))
    (path,) = spool.folder.glob("*.json")
    for content in ("{", "[]", '{"id": "x"}', path.read_text().replace('"reasons"', '"reason"')):
        path.write_text(content)
        assert spool.find("", COMMENT) is None
    made = values(moderator)
    assert spool.put(made) == made
    assert spool.drain(sessions, NOW) == 1
    assert rows(sessions) == [made["id"]]
    assert len(list(spool.folder.glob("*.refused"))) == 1


def test_a_disk_without_hard_links(
    moderator: Moderator, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decisions wait there too, and the first one is answered."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    first = spool.put(values(moderator))
    assert spool.put(values(moderator)) == first
    assert [path.suffix for path in spool.folder.iterdir() if path.name != ".lock"] == [".json"]


def test_a_forgotten_comment_is_decided_again(
    sessions: Sessions, moderator: Moderator, tmp_path: Path
) -> None:
    """The hash of its text is neither in a file's name nor in the record."""
    keeper = worker(moderator, sessions, tmp_path / "spool", away=True)
    first = ask(keeper)
    assert ask(keeper) == first
    erase.by_comment(sessions, keeper.spool, None, "c1", NOW)
    (path,) = keeper.spool.folder.glob("*.json")
    assert path.stem == first["id"]
    second = ask(keeper)
    assert second["id"] != first["id"]
    assert keeper.spool.drain(sessions, NOW) == 2
    keeper.circuit.answered()
    assert (ask(keeper)["id"], ask(keeper)["recorded"]) == (second["id"], True)
    assert erase.by_author(sessions, keeper.spool, "", "ravi", NOW) == 1
    third = ask(keeper)
    assert third["id"] not in (first["id"], second["id"])
    assert rows(sessions) == [first["id"], second["id"], third["id"]]


def test_a_spool_of_the_version_before(
    sessions: Sessions, moderator: Moderator, spool: Spool
) -> None:
    """Its files are named by the ids alone."""
    made = [values(moderator), values(moderator)]
    for one in made:
        (spool.folder / f"{one['id']}.json").write_text(json.dumps(one))
    assert spool.drain(sessions, NOW) == 2
    (kept,) = rows(sessions)
    with sessions() as session:
        assert {decisions.get(session, one["id"]).id for one in made} == {kept}


def test_a_worker_that_missed_the_drain(
    sessions: Sessions, moderator: Moderator, tmp_path: Path
) -> None:
    """It takes the database for away, and the file is gone: it asks the database all the same."""
    one, two = (worker(moderator, sessions, tmp_path / "spool", away=True) for _ in range(2))
    first = ask(one)
    assert ask(two) == first
    assert one.drain() == 1
    assert two.circuit.open
    assert ask(two) == {**first, "recorded": True, "revision": 1}
    assert rows(sessions) == events(sessions) == [first["id"]]


def test_a_drain_while_a_comment_is_decided(
    sessions: Sessions, moderator: Moderator, tmp_path: Path
) -> None:
    """After the spool was asked, another worker decides the same and drains its decision."""
    other = worker(moderator, sessions, tmp_path / "spool", away=True)
    first: list[dict[str, Any]] = []

    class Slow(Moderator):
        def moderate_many(self, comments: Iterable[str | Comment]) -> Iterator[Decision]:
            first.append(ask(other))
            assert other.drain() == 1
            return super().moderate_many(comments)

    keeper = worker(
        Slow(moderator.policy, moderator.models), sessions, tmp_path / "spool", away=True
    )
    assert ask(keeper) == {**first[0], "recorded": True, "revision": 1}
    keeper.drain()
    assert rows(sessions) == events(sessions) == [first[0]["id"]]


def test_one_authors_twins_repeat_nothing(sessions: Sessions, tmp_path: Path) -> None:
    """What is sent twice is one comment; sent under another id it is a repetition."""
    text = "The bridge was needed, and the council says so."
    off = {name: {"enabled": False} for name in Policy.load().rules if name != "repetition"}
    keeper = worker(Moderator(Policy.load(off), Models({}, {})), sessions, tmp_path / "spool")
    comments = [Comment(text, id=id_, author="ravi") for id_ in ("c1", "c1", "c2")]
    first, twin = keeper.decide([DecisionRequest(comment) for comment in comments[:2]])
    assert (first["action"], twin) == ("approve", first)
    assert ask(keeper, comments[1]) == first
    assert ask(keeper, comments[2])["action"] != "approve"


def test_what_nothing_is_kept_of_is_decided_each_time(
    sessions: Sessions, moderator: Moderator, tmp_path: Path
) -> None:
    """Without the text there is nothing to know it by; within a batch there is."""
    keeper = worker(moderator, sessions, tmp_path / "spool")
    assert ask(keeper, store=False)["id"] != ask(keeper, store=False)["id"]
    twice = keeper.decide([DecisionRequest(COMMENT, store_text=False)] * 2)
    assert twice[0] == twice[1]
    tried = keeper.decide([DecisionRequest(COMMENT, record=False)] * 2)
    assert tried[0]["id"] != tried[1]["id"]
    assert {one["recorded"] for one in tried} == {False}
    assert len(rows(sessions)) == 3


def test_a_claim_by_an_alias(sessions: Sessions, moderator: Moderator, tmp_path: Path) -> None:
    """Whoever has the other id corrects the decision that is kept."""
    keeper = worker(moderator, sessions, tmp_path / "spool")
    first, second = values(moderator), values(moderator)
    decisions.keep(sessions, [first], NOW)
    decisions.keep(sessions, [second], NOW, answered=True)
    with keeper.writing("verdict", second["id"]) as session:
        assert decisions.get(session, second["id"]).id == first["id"]
    assert events(sessions) == [first["id"]]
    with writing(sessions) as session:
        assert decisions.kept_id(session, first["id"]) == first["id"]
