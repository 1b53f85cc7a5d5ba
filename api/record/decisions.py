"""Keep decisions, find them again, and tell them in the API's own shape."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from api.record import seal, webhooks
from api.record.database import Sessions, writing
from api.record.tables import DecisionRow
from api.record.webhooks import Hook
from moderation import Comment, Decision, Policy

log = logging.getLogger(__name__)

CHUNK = 500  # comments looked up in one query


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
    """The decision `decision_id`; raises `UnknownDecisionError`."""
    row = session.scalars(select(DecisionRow).where(DecisionRow.id == decision_id)).first()
    if row is None:
        raise UnknownDecisionError(decision_id)
    return row


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
) -> set[str]:
    """Record decisions, each exactly once however often it is tried, and tell the webhooks.

    The ids of those that can never be recorded, because the database refuses their values.
    """
    rows = list(values)
    try:
        with writing(sessions) as session:
            moment = seal.moment(session, now)
            for row in rows:
                _add(session, row, moment, hooks)
    except (IntegrityError, DataError):
        # Another worker decided the same comment in this very moment, or a spooled row was
        # written before a crash could remove it: each by itself, so that the others get in.
        with writing(sessions) as session:
            moment = seal.moment(session, now)
            return {row["id"] for row in rows if not _kept(session, row, moment, hooks)}
    return set()


def _kept(
    session: Session, row: Mapping[str, Any], now: dt.datetime, hooks: Sequence[Hook]
) -> bool:
    """Whether the row is in the record now, or was already."""
    for key in (row["text_key"], None):
        if session.scalars(select(DecisionRow.id).filter_by(id=row["id"])).first() is not None:
            return True
        try:
            with session.begin_nested():
                _add(session, {**row, "text_key": key}, now, hooks)
        except IntegrityError:
            continue  # the same comment and text again: kept too, but not as the one to find
        except DataError:
            break
        return True
    log.error("the database refuses the values of decision %s", row["id"])
    return False


def _add(
    session: Session, values: Mapping[str, Any], now: dt.datetime, hooks: Sequence[Hook]
) -> None:
    moment = dt.datetime.fromisoformat(values["decided_at"])
    erased = now if values.get("erased_at") else None  # forgotten while it waited in the spool
    row = DecisionRow(
        **{**values, "decided_at": moment, "erased_at": erased},
        recorded_at=now,
    )
    row.standing, row.appealed = row.action, False
    row.revision = _revision(session, row)
    seal.close(row)
    session.add(row)
    session.flush()
    webhooks.enqueue(session, hooks, "decision", brief(row), now)


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


def to_dict(row: DecisionRow) -> dict[str, Any]:
    """A recorded decision in the shape of `Decision.to_dict`, with what the record adds."""
    words = iter(row.wording or [])
    reasons = [_told(reason, next(words, {}), row.text) for reason in row.reasons]
    observed = [_told(reason, next(words, {}), row.text) for reason in row.observed]
    return {
        "id": row.id,
        "action": row.action,
        "reasons": reasons,
        "observed": observed,
        "scores": row.scores,
        "language": row.language,
        "policy": row.policy,
        "models": row.models,
        "took_ms": row.took_ms,
        "recorded": True,
        "comment_id": row.comment_id,
        "revision": row.revision,
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
