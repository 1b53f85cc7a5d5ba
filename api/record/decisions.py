"""Keep decisions, find them again, and tell them in the API's own shape."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from api.record import seal, webhooks
from api.record.database import Sessions, writing
from api.record.tables import AliasRow, DecisionRow
from api.record.webhooks import Hook
from moderation import Comment, Decision, Policy

log = logging.getLogger(__name__)

CHUNK = 500  # comments looked up in one query
TRIES = 3  # of a row that another transaction is in the way of
CONTENDED = frozenset({"40P01", "55P03"})  # PostgreSQL: deadlock detected, lock not available

Answer = dict[str, Any]


class UnknownDecisionError(LookupError):
    """No decision of this id is in the record."""


def text_key(text: str) -> str:
    """What makes two comments' texts the same: every character."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def find(session: Session, community: str, comment: Comment) -> DecisionRow | None:
    """The decision already made about this comment with this text."""
    return find_many(session, community, [comment]).get(0)


def find_many(
    session: Session, community: str, comments: Sequence[Comment]
) -> dict[int, DecisionRow]:
    """The decisions already made about these comments with these texts, by place."""
    asked: dict[tuple[str, str], list[int]] = {}
    for place, comment in enumerate(comments):
        if comment.id is not None:
            asked.setdefault((comment.id, text_key(comment.text)), []).append(place)
    found: dict[int, DecisionRow] = {}
    pairs = list(asked)
    for at in range(0, len(pairs), CHUNK):
        ids, keys = zip(*pairs[at : at + CHUNK], strict=True)
        query = select(DecisionRow).where(
            DecisionRow.community == community,
            DecisionRow.comment_id.in_(ids),
            DecisionRow.text_key.in_(keys),
        )
        for row in session.scalars(query):
            places = asked.get((row.comment_id or "", row.text_key or ""), [])
            found.update(dict.fromkeys(places, row))
    return found


def get(session: Session, decision_id: str) -> DecisionRow:
    """The decision `decision_id`, which may be an alias; raises `UnknownDecisionError`."""
    row = _row(session, decision_id) or _row(session, kept_id(session, decision_id))
    if row is None:
        raise UnknownDecisionError(decision_id)
    return row


def kept_id(session: Session, decision_id: str) -> str:
    """The id under which the record holds a decision: another one where this one is an alias."""
    query = select(AliasRow.decision_id).where(AliasRow.id == decision_id)
    return session.scalar(query) or decision_id


def _row(session: Session, decision_id: str) -> DecisionRow | None:
    return session.scalars(select(DecisionRow).where(DecisionRow.id == decision_id)).first()


def fields(
    decision: Decision,
    comment: Comment,
    policy: Policy,
    *,
    community: str,
    route: str,
    store: bool,
    now: dt.datetime,
) -> dict[str, Any]:
    """A decision as plain values, ready to be recorded now or to wait in the spool."""
    told = decision.to_dict()
    both = [*told["reasons"], *told["observed"]]
    return {
        "id": decision.id,
        "community": community,
        "route": route,
        "format": comment.format,
        "action": told["action"],
        "reasons": [_lasting(reason) for reason in told["reasons"]],
        "observed": [_lasting(reason) for reason in told["observed"]],
        "rules": "".join(f" {reason['rule']}" for reason in told["reasons"]) + " ",
        "scores": told["scores"],
        "thresholds": thresholds(policy),
        "language": told["language"],
        "language_code": str(told["language"].get("code", "und")),
        "policy": decision.policy,
        "models": decision.models,
        "doubt": doubt(both, policy),
        "decided_at": now.isoformat(),
        "took_ms": told["took_ms"],
        "stored": store,
        "comment_id": comment.id,
        "text_key": text_key(comment.text) if store else None,
        "text": comment.text if store else None,
        "author": comment.author,
        "article": comment.article,
        "parent": comment.parent if store else None,
        "wording": [_wording(reason) for reason in both] if store else None,
    }


def keep(
    sessions: Sessions,
    values: Iterable[Mapping[str, Any]],
    now: dt.datetime,
    hooks: Sequence[Hook] = (),
    *,
    answered: bool = False,
) -> dict[str, Answer]:
    """Record decisions, each exactly once however often it is tried, and notify the webhooks.

    Returns by each id the decision that the record holds: another one where the same comment with
    the same text was recorded first. An id that is missing can never be recorded, because the
    database refuses its values.

    Args:
        sessions: The record.
        values: The decisions, as `fields` gives them.
        now: The time at which they are recorded.
        hooks: The webhooks that get an event for each new decision.
        answered: Whether clients have these ids already. The id of a decision that is not
            recorded then becomes an alias of the one that is.

    Raises:
        SQLAlchemyError: The database is away.
    """
    rows = list(values)
    try:
        return _keep(sessions, rows, now, hooks, answered=answered)
    except OperationalError as error:
        if not _contended(error):
            raise
    kept: dict[str, Answer] = {}
    for row in rows:  # who waits for another one with nothing in hand lets it go on
        kept |= _keep_alone(sessions, row, now, hooks, answered=answered)
    return kept


def _keep_alone(
    sessions: Sessions,
    row: Mapping[str, Any],
    now: dt.datetime,
    hooks: Sequence[Hook],
    *,
    answered: bool,
) -> dict[str, Answer]:
    for _ in range(TRIES - 1):
        try:
            return _keep(sessions, [row], now, hooks, answered=answered)
        except OperationalError as error:
            if not _contended(error):
                raise
    return _keep(sessions, [row], now, hooks, answered=answered)


def _contended(error: OperationalError) -> bool:
    """Whether PostgreSQL ended a transaction because another one was in its way."""
    return getattr(error.orig, "sqlstate", None) in CONTENDED


def _keep(
    sessions: Sessions,
    rows: Sequence[Mapping[str, Any]],
    now: dt.datetime,
    hooks: Sequence[Hook],
    *,
    answered: bool,
) -> dict[str, Answer]:
    try:
        with writing(sessions) as session:
            moment = seal.recorded_at(session, now)
            return {row["id"]: to_dict(_add(session, row, moment, hooks)) for row in rows}
    except (IntegrityError, DataError):
        # Another worker recorded the same comment at the same time, or a crash came before a
        # recorded row was removed from the spool: each by itself, so that the others get in.
        with writing(sessions) as session:
            moment = seal.recorded_at(session, now)
            kept = {row["id"]: _kept(session, row, moment, hooks) for row in rows}
            for id_, row in kept.items():
                if row is not None and row.id != id_ and answered:
                    log.warning("decision %s is kept as %s: the same comment and text", id_, row.id)
                    session.merge(AliasRow(id=id_, decision_id=row.id))
            return {id_: to_dict(row) for id_, row in kept.items() if row is not None}


def _kept(
    session: Session, values: Mapping[str, Any], now: dt.datetime, hooks: Sequence[Hook]
) -> DecisionRow | None:
    """The row that holds this decision, or the one that was first; None where neither can be."""
    for _ in range(TRIES):
        row = _row(session, values["id"]) or _first(session, values)
        if row is not None:
            return row
        try:
            with session.begin_nested():
                return _add(session, values, now, hooks)
        except IntegrityError:
            continue  # the other one was committed just now, or was erased just now
        except DataError:
            break
    log.error("the database refuses the values of decision %s", values["id"])
    return None


def _first(session: Session, values: Mapping[str, Any]) -> DecisionRow | None:
    """The decision that was recorded about the same comment with the same text."""
    names = ("community", "comment_id", "text_key")
    if any(values[name] is None for name in names):
        return None
    query = select(DecisionRow).filter_by(**{name: values[name] for name in names})
    return session.scalars(query).first()


def _add(
    session: Session, values: Mapping[str, Any], now: dt.datetime, hooks: Sequence[Hook]
) -> DecisionRow:
    moment = dt.datetime.fromisoformat(values["decided_at"])
    erased = now if values.get("erased_at") else None  # forgotten while it waited in the spool
    row = DecisionRow(
        **{**values, "decided_at": moment, "erased_at": erased},
        recorded_at=now,
    )
    row.standing, row.appealed = row.action, False
    row.revision = _revision(session, row)
    seal.stamp(row)
    session.add(row)
    session.flush()
    webhooks.enqueue(session, hooks, "decision", brief(row), now)
    return row


def _revision(session: Session, row: DecisionRow) -> int:
    """1 for a comment's first text, 2 for its first edit, and so on."""
    if row.comment_id is None:
        return 1
    query = select(func.max(DecisionRow.revision)).where(
        DecisionRow.community == row.community, DecisionRow.comment_id == row.comment_id
    )
    return (session.scalar(query) or 0) + 1


def thresholds(policy: Policy) -> dict[str, Any]:
    """The thresholds of each rule, as they are now."""
    return {
        name: {"review": rule.thresholds.review, "reject": rule.thresholds.reject}
        for name, rule in policy.rules.items()
    }


def doubt(reasons: Iterable[Mapping[str, Any]], policy: Policy) -> float:
    """How near the nearest score stands to a threshold: 1 on it, 0 far away.

    A person's time is best spent where a little evidence would have changed the decision.
    """
    distances = [
        abs(reason["score"] - threshold)
        for reason in reasons
        if (rule := policy.rules.get(reason["rule"]))
        for threshold in (rule.thresholds.review, rule.thresholds.reject)
        if threshold != "never"
    ]
    return 1.0 - min(distances, default=1.0)


def _lasting(reason: Mapping[str, Any]) -> dict[str, Any]:
    """A reason without the author's words."""
    spans = [[span["start"], span["end"]] for span in reason["spans"]]
    kept = ("rule", "guideline", "score", "action")
    return {**{name: reason[name] for name in kept}, "spans": spans}


def _wording(reason: Mapping[str, Any]) -> dict[str, Any]:
    """What may quote the author, kept apart so that it can be erased."""
    return {"message": reason["message"], "suggestion": reason["suggestion"]}


def to_dict(row: DecisionRow) -> Answer:
    """A recorded decision in the shape of `Decision.to_dict`, with what the record adds."""
    values = {name: getattr(row, name) for name in ANSWERED}
    return {**waiting(values), "recorded": True, "revision": row.revision}


ANSWERED = (
    "id action reasons observed scores language policy models took_ms comment_id text wording"
).split()


def waiting(values: Mapping[str, Any]) -> Answer:
    """A decision that is not recorded yet, as `fields` gives it, in the same shape."""
    words = iter(values["wording"] or [])
    text = values["text"]
    return {
        "id": values["id"],
        "action": values["action"],
        "reasons": [_told(reason, next(words, {}), text) for reason in values["reasons"]],
        "observed": [_told(reason, next(words, {}), text) for reason in values["observed"]],
        "scores": values["scores"],
        "language": values["language"],
        "policy": values["policy"],
        "models": values["models"],
        "took_ms": values["took_ms"],
        "recorded": False,
        "comment_id": values["comment_id"],
    }


def brief(row: DecisionRow) -> dict[str, Any]:
    """A decision for a webhook: what was decided and by which rules, without the text."""
    return {
        "id": row.id,
        "comment_id": row.comment_id,
        "revision": row.revision,
        "action": row.action,
        "standing": row.standing,
        "rules": row.rules.split(),
    }


def _told(reason: Mapping[str, Any], words: Mapping[str, Any], text: str | None) -> dict[str, Any]:
    spans = [
        {"start": start, "end": end, "text": text[start:end] if text is not None else None}
        for start, end in reason["spans"]
    ]
    return {
        "rule": reason["rule"],
        "guideline": reason["guideline"],
        "score": reason["score"],
        "message": words.get("message", "The wording of this reason was not kept."),
        "spans": spans,
        "suggestion": words.get("suggestion"),
        "action": reason["action"],
    }
