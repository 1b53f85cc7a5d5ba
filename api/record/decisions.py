"""Record decisions, look them up, and serialise them for the API."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from api.record import seal, webhooks
from api.record.database import Sessions, writing
from api.record.storable import REFUSALS, is_refusal
from api.record.tables import AliasRow, DecisionRow, PolicyRow
from api.record.webhooks import Hook
from moderation import Action, Comment, Decision, Finding, Policy, rules
from moderation.decision import Reason, Span

log = logging.getLogger(__name__)

CHUNK = 500  # comments looked up in one query
TRIES = 3  # for a row that another transaction locks
CONTENDED = frozenset({"40P01", "55P03"})  # PostgreSQL: deadlock detected, lock not available


class Answer(dict[str, Any]):
    """A decision in the format of the API.

    `standing` is the action that applies now. It is the action of the last verdict, or of the
    decision if there is no verdict.
    """

    def __init__(self, values: Mapping[str, Any], standing: str) -> None:
        super().__init__(values)
        self.standing = standing


class _ErasedSpan(Span):
    """A span of a comment (start and end) whose text was not recorded, or was erased."""

    def to_dict(self) -> dict[str, Any]:
        """Return the span as JSON values, with null as its text."""
        return {**super().to_dict(), "text": None}


class UnknownDecisionError(LookupError):
    """The record has no decision with this id."""


def text_key(text: str) -> str:
    """Return the SHA-256 hash of a text, by which the record finds decisions about that text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def copy_key(text: str) -> str:
    r"""Return a hash by which copies of a text are found, such as the parent of a reply.

    It does not depend on the spaces and line breaks between words.

    >>> copy_key("Well said.") == copy_key(" Well\n said. ")
    True
    """
    return text_key(" ".join(text.split()))


def find(session: Session, community: str, comment: Comment) -> DecisionRow | None:
    """Return the recorded decision about this comment's id and exactly its text, or None."""
    return find_many(session, community, [comment]).get(0)


def find_many(
    session: Session, community: str, comments: Sequence[Comment]
) -> dict[int, DecisionRow]:
    """Return the recorded decisions about these comments, by index into `comments`.

    A decision fits a comment if the id and the exact text are equal. The result has no entry for a
    comment without a recorded decision.
    """
    indexes: dict[tuple[str, str], list[int]] = {}
    for index, comment in enumerate(comments):
        if comment.id is not None:
            indexes.setdefault((comment.id, text_key(comment.text)), []).append(index)
    rows: dict[int, DecisionRow] = {}
    pairs = list(indexes)
    for start in range(0, len(pairs), CHUNK):
        ids, keys = zip(*pairs[start : start + CHUNK], strict=True)
        query = select(DecisionRow).where(
            DecisionRow.community == community,
            DecisionRow.comment_id.in_(ids),
            DecisionRow.text_key.in_(keys),
        )
        for row in session.scalars(query):
            matching = indexes.get((row.comment_id or "", row.text_key or ""), [])
            rows.update(dict.fromkeys(matching, row))
    return rows


def get(session: Session, decision_id: str) -> DecisionRow:
    """Return the decision with this id or alias. Raises `UnknownDecisionError`.

    An alias is a second id of a recorded decision. A client got it for a decision about the same
    comment and text that was made too, but not recorded.
    """
    row = _row(session, decision_id) or _row(session, resolve_id(session, decision_id))
    if row is None:
        raise UnknownDecisionError(decision_id)
    return row


def resolve_id(session: Session, decision_id: str) -> str:
    """Return the id under which a decision is recorded.

    `decision_id` may be an alias, which is a second id that a client got for the decision. If it is
    not an alias, it is returned unchanged.
    """
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
    """Return a decision as plain values, to be recorded in the database now or later.

    If the database is down, the values wait on the disk, in the spool (`spool.py`).
    """
    serialised = decision.to_dict()
    findings = [*serialised["reasons"], *serialised["observed"]]
    return {
        "id": decision.id,
        "community": community,
        "route": route,
        "format": comment.format,
        "action": serialised["action"],
        "reasons": [_lasting(reason) for reason in serialised["reasons"]],
        "observed": [_lasting(reason) for reason in serialised["observed"]],
        "rules": rules_column(decision),
        "scores": serialised["scores"],
        "thresholds": thresholds(policy, decision.plugins),
        "language": serialised["language"],
        "language_code": str(serialised["language"].get("code", "und")),
        "policy": decision.policy,
        "models": decision.models,
        "doubt": doubt(findings, policy),
        "decided_at": now.isoformat(),
        "took_ms": serialised["took_ms"],
        "stored": store,
        "comment_id": comment.id,
        "text_key": text_key(comment.text) if store else None,
        "text": comment.text if store else None,
        "author": comment.author,
        "article": comment.article,
        "parent": comment.parent if store else None,
        "wording": [_wording(reason) for reason in findings] if store else None,
    }


def keep(
    sessions: Sessions,
    values: Iterable[Mapping[str, Any]],
    now: dt.datetime,
    hooks: Sequence[Hook] = (),
    *,
    answered: bool = False,
) -> dict[str, Answer]:
    """Record each decision exactly once, however often you call this, and notify the webhooks.

    Returns, for each id in `values`, the decision that is recorded. If another decision about the
    same comment and text was recorded first, returns that decision instead. An id is missing if the
    database refuses the decision's values; retrying does not help.

    Args:
        sessions: The record.
        values: The decisions, as returned by `fields`.
        now: The time of recording.
        hooks: The webhooks that get an event for each new decision.
        answered: Whether clients have the ids of these decisions already. If so, the id of a
            decision that is not recorded becomes an alias (a second id) of the recorded one.

    Raises:
        SQLAlchemyError: The database is down.
    """
    rows = list(values)
    try:
        return _keep(sessions, rows, now, hooks, answered=answered)
    except OperationalError as error:
        if not _contended(error):
            raise
    recorded: dict[str, Answer] = {}
    for row in rows:  # one row per transaction cannot deadlock
        recorded |= _keep_alone(sessions, row, now, hooks, answered=answered)
    return recorded


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
    """Return whether PostgreSQL aborted a transaction because another transaction held a lock."""
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
            times = _Times(now, seal.recorded_at(session, now))
            return {row["id"]: to_dict(_add(session, row, times, hooks)) for row in rows}
    except REFUSALS as error:
        if not is_refusal(error):
            raise
        # Another worker recorded the same comment at the same time, or a crash came before a
        # recorded row left the spool. Record each row by itself, so the others succeed.
        with writing(sessions) as session:
            times = _Times(now, seal.recorded_at(session, now))
            recorded = {row["id"]: _find_or_add(session, row, times, hooks) for row in rows}
            for id_, row in recorded.items():
                if row is not None and row.id != id_ and answered:
                    log.warning("decision %s is recorded as %s: same comment and text", id_, row.id)
                    session.merge(AliasRow(id=id_, decision_id=row.id))
            return {id_: to_dict(row) for id_, row in recorded.items() if row is not None}


class _Times(NamedTuple):
    """The present time, and the time at which rows are recorded: not before the last seal."""

    now: dt.datetime
    recorded_at: dt.datetime


def _find_or_add(
    session: Session, values: Mapping[str, Any], times: _Times, hooks: Sequence[Hook]
) -> DecisionRow | None:
    """Return the row of this decision, or of an earlier decision about the same comment and text.

    If the record has neither decision, adds a row. Returns None if the database refuses the values.
    """
    for _ in range(TRIES):
        try:
            with session.begin_nested():
                row = _row(session, values["id"]) or _first(session, values)
                return row or _add(session, values, times, hooks)
        except IntegrityError:
            continue  # another worker has just committed or erased the same comment
        except REFUSALS as error:
            if not is_refusal(error):
                raise
            break
    log.error("the database refuses the values of decision %s", values["id"])
    return None


def _first(session: Session, values: Mapping[str, Any]) -> DecisionRow | None:
    """Return the recorded decision about the comment id and text in `values`, if there is one.

    The record keeps only the first decision about a comment id and text.
    """
    names = ("community", "comment_id", "text_key")
    if any(values[name] is None for name in names):
        return None
    query = select(DecisionRow).filter_by(**{name: values[name] for name in names})
    return session.scalars(query).first()


def _add(
    session: Session, values: Mapping[str, Any], times: _Times, hooks: Sequence[Hook]
) -> DecisionRow:
    columns = {**values, "decided_at": dt.datetime.fromisoformat(values["decided_at"])}
    columns["own_thresholds"] = _own_thresholds(
        session, values["policy"], columns.pop("thresholds")
    )
    # It may have been erased while it was in the spool.
    columns["erased_at"] = times.now if values.get("erased_at") else None
    if due := values.get("erase_due_at"):  # or its erasure was delayed by a legal hold
        columns["erase_due_at"] = dt.datetime.fromisoformat(due)
    columns["parent_key"] = copy_key(values["parent"]) if values.get("parent") else None
    row = DecisionRow(**columns, recorded_at=times.recorded_at)
    row.standing, row.appealed = row.action, False
    row.urgent = not set(rules.urgent()).isdisjoint(row.rules.split())
    findings = {reason["rule"] for reason in (*row.reasons, *row.observed)}
    row.sensitive = not findings.isdisjoint(rules.sensitive())
    row.revision = _revision(session, row)
    set_committed_value(row, "policy_row", session.get(PolicyRow, row.policy))  # to be hashed
    seal.stamp(row)
    session.add(row)
    session.flush()
    if row.erased_at:
        seal.record_erasure(session, row, "request", times.now, times.recorded_at)
    # Due by the real time: the last seal may be years ahead, because of a clock that was wrong.
    webhooks.enqueue(session, hooks, "decision", brief(row), times.now)
    return row


def _own_thresholds(session: Session, policy: str, thresholds: dict[str, Any]) -> dict[str, Any]:
    """Return the thresholds to store with a decision: none if its policy's row has the same.

    Adds the policy's row if there is none.
    """
    row = session.get(PolicyRow, policy)
    if row is None:
        session.add(PolicyRow(hash=policy, thresholds=thresholds))
        session.flush()
    return {} if row is None or row.thresholds == thresholds else thresholds


def _revision(session: Session, row: DecisionRow) -> int:
    """Return the number of this version of a comment's text.

    It is 1 for a comment's first text, 2 for its first edit, and so on.
    """
    if row.comment_id is None:
        return 1
    query = select(func.max(DecisionRow.revision)).where(
        DecisionRow.community == row.community, DecisionRow.comment_id == row.comment_id
    )
    return (session.scalar(query) or 0) + 1


def thresholds(policy: Policy, plugins: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the review and reject thresholds of each rule of the policy, by rule name.

    The names in `plugins`, of rules or models, also get their package and its version.
    """
    levels: dict[str, dict[str, Any]] = {
        name: {"review": rule.thresholds.review, "reject": rule.thresholds.reject}
        for name, rule in policy.rules.items()
    }
    for name, package in (plugins or {}).items():
        levels.setdefault(name, {})["plugin"] = package
    return levels


def doubt(reasons: Iterable[Mapping[str, Any]], policy: Policy) -> float:
    """Return how close the decision was: 1 minus its smallest distance to a threshold.

    The distance is between a reason's score and a threshold of its rule. If a score equals a
    threshold, the result is 1. Moderators should see such decisions first, because a little more
    evidence would have changed them.
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
    """Return the fields of a reason that are never erased.

    Of each quoted span, they have the start and end, but not the author's words.
    """
    spans = [[span["start"], span["end"]] for span in reason["spans"]]
    return {name: reason[name] for name in ("rule", "guideline", "score", "action")} | {
        "spans": spans
    }


def _wording(reason: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a reason that may quote the author: its message and suggestion.

    They are recorded in a column of their own, which can be erased.
    """
    return {"message": reason["message"], "suggestion": reason["suggestion"]}


def rules_column(decision: Decision) -> str:
    """Return the names of the rules in a decision's reasons, as the column `rules` stores them.

    Each name has a space before and after it: ' abuse spam '.
    """
    return "".join(f" {reason.rule}" for reason in decision.reasons) + " "


def answer(
    decision: Decision,
    comment_id: str | None,
    *,
    revision: int | None = None,
    standing: str | None = None,
) -> Answer:
    """Return a decision in the format of the API.

    `revision` is None if the decision is not recorded. `standing` is the action that applies now,
    by default the decision's own.
    """
    values = {**decision.to_dict(), "recorded": revision is not None, "comment_id": comment_id}
    if revision is not None:
        values["revision"] = revision
    return Answer(values, standing or values["action"])


def to_dict(row: DecisionRow) -> Answer:
    """Return a recorded decision in the format of the API."""
    values = {name: getattr(row, name) for name in (*row.LASTING, *row.PRIVATE)}
    return answer(restore(values), row.comment_id, revision=row.revision, standing=row.standing)


def spooled_to_dict(values: Mapping[str, Any]) -> Answer:
    """Return a decision that is not in the database yet, in the format of the API.

    `values` is what `fields` returned. The decision waits in the spool, a folder on the disk.
    """
    return answer(restore(values), values["comment_id"])


def restore(values: Mapping[str, Any]) -> Decision:
    """Return the decision that was recorded as `values`. This is the inverse of `fields`.

    Reasons whose message was not recorded, or was erased, get a fixed message that says so. Spans
    without a recorded text get an empty text.
    """
    wording = iter(values["wording"] or [])
    text = values["text"]
    return Decision(
        id=values["id"],
        action=Action[values["action"].upper()],
        reasons=tuple(_reason(reason, next(wording, {}), text) for reason in values["reasons"]),
        observed=tuple(_reason(reason, next(wording, {}), text) for reason in values["observed"]),
        scores=values["scores"],
        language=values["language"],
        policy=values["policy"],
        models=values["models"],
        took_ms=values["took_ms"],
        plugins={
            name: levels["plugin"]
            for name, levels in values["thresholds"].items()
            if "plugin" in levels
        },
    )


def _reason(reason: Mapping[str, Any], wording: Mapping[str, Any], text: str | None) -> Reason:
    finding = Finding(
        rule=reason["rule"],
        score=reason["score"],
        message=wording.get("message", "The wording of this reason was not kept."),
        spans=tuple(
            _ErasedSpan(start, end, "") if text is None else Span(start, end, text[start:end])
            for start, end in reason["spans"]
        ),
        suggestion=wording.get("suggestion"),
    )
    return Reason(finding, reason["guideline"], Action[reason["action"].upper()])


def hide_sensitive(decision: Mapping[str, Any]) -> dict[str, Any]:
    """Return a decision in the format of the API without the reasons of sensitive rules.

    A rule such as `self_harm` is sensitive: only people who need its findings may see them.
    """
    hidden = rules.sensitive()
    shown = {
        name: [reason for reason in decision[name] if reason["rule"] not in hidden]
        for name in ("reasons", "observed")
    }
    return {**decision, **shown}


def brief(row: DecisionRow) -> dict[str, Any]:
    """Return what a webhook is told about a decision: the outcome and the rules, not the text.

    Leaves out sensitive rules such as `self_harm`, whose findings only people who need them may
    see.
    """
    return {
        "id": row.id,
        "comment_id": row.comment_id,
        "revision": row.revision,
        "action": row.action,
        "standing": row.standing,
        "rules": [rule for rule in row.rules.split() if rule not in rules.sensitive()],
    }
