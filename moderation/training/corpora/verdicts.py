"""Convert moderators' verdicts to labelled rows, so that models can be trained on them.

A verdict is a moderator's own decision about a comment: approve, review or reject. A line of the
input is a decision with its `history` (the verdicts on it), as `GET /v1/export` and `moderation
record export` write it, or `{"text": …, "verdict": "approve" | "reject", "rule": …}`, where `rule`
is optional. A table has `text`, `verdict` and `rule` as columns. Rows without a verdict are
skipped. If there are several verdicts, the last one counts:

- *approve* labels all scores of tone (such as `toxicity`), and `spam`, with 0. *review* labels
  nothing.
- *reject* labels a score with 1. If the moderator's reason begins with a rule ('abuse: …'), this
  rule's score is labelled. Otherwise the scores of all rules that acted (asked for review or
  rejection) are labelled. If no rule acted, `toxicity` is labelled. Nothing is labelled if the
  rules that acted, or the given `rule`, have no score of tone (`links`, `language`,
  …). An unknown `rule` is an error.
- Verdicts from Akismet's submit-spam and submit-ham label only `spam`. Verdicts from Perspective's
  `suggestscore` label the attributes that they name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from moderation import rules
from moderation.training.corpora.catalogue import CorpusError, Row

RULES = {
    "abuse": "toxicity",
    "personal_attack": "personal_attack",
    "incendiary": "identity_attack",
    "spam": "spam",
}
TONE = ("toxicity", "personal_attack", "identity_attack", "threat")
_ATTRIBUTES = {"attack_on_commenter": "personal_attack", "attack_on_author": "personal_attack"}
_SUGGESTED = re.compile(r"([A-Z_]+) ([0-9.]+(?:e[+-]?[0-9]+)?)")
_RULE = re.compile(r"\s*([a-z_]+)\s*(?::|$)")
_ACTIONS = ("approve", "review", "reject")


def rows(lines: Iterable[str | bytes], name: str = "verdicts") -> Iterator[Row]:
    """Yield a row for each line that has a verdict.

    Raises `CorpusError`, whose message names the line and field. `name` is the name of the input in
    messages.

    >>> (row,) = rows(['{"text": "Go away.", "verdict": "reject"}'])
    >>> row.labels
    {'toxicity': 1.0}
    """
    yield from table_rows(_parsed(lines, name), name)


def table_rows(records: Iterable[tuple[int, Mapping[str, Any]]], name: str) -> Iterator[Row]:
    """Yield a row for each record of a table that has a verdict.

    `records` have their line numbers, and `name` is the name of the table in messages. Raises
    `CorpusError`, whose message names the line and field.

    >>> [row.labels for row in table_rows([(2, {"text": "So.", "verdict": ""})], "verdicts.csv")]
    []
    """
    for number, record in records:
        text, labels = record.get("text"), _labels(record, f"{name}, line {number}")
        if isinstance(text, str) and text.strip() and labels:
            yield Row(text, "verdicts", labels)


def _parsed(lines: Iterable[str | bytes], name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        try:
            record = json.loads(line)
        except ValueError as error:
            raise CorpusError(f"{where}: is not valid JSON: {error}") from None
        if not isinstance(record, dict):
            raise CorpusError(f"{where}: must be an object, a decision of the record")
        yield number, record


def _labels(record: Mapping[str, Any], where: str) -> dict[str, float]:
    """Return the labels that the last verdict gives, with their values; empty without a verdict."""
    if "verdict" in record:
        verdict = str(record["verdict"] or "").strip().lower()
        if not verdict:
            return {}
        rule = _rule_name(str(record.get("rule") or ""), where)
        if rule and rule not in RULES and verdict == "reject":
            return {}
        last: Mapping[str, Any] = {"action": verdict, "reason": rule}
    else:
        verdicts = (record.get("history") or {}).get("verdicts")
        if verdicts is None:
            raise CorpusError(f"{where}: needs 'history' (an export) or 'verdict'")
        if not verdicts:
            return {}
        last = verdicts[-1]
    action, reason = last.get("action"), str(last.get("reason") or "")
    if action not in _ACTIONS:
        raise CorpusError(f"{where}, verdict: must be one of {', '.join(_ACTIONS)}")
    match last.get("route"):
        case "suggestscore":
            return _suggested(reason)
        case "akismet":
            return {} if action == "review" else {"spam": float(action == "reject")}
    if action == "approve":
        return dict.fromkeys((*TONE, "spam"), 0.0)
    return dict.fromkeys(_rejected(record, reason), 1.0) if action == "reject" else {}


def _rule_name(cell: str, where: str) -> str:
    """Return the rule that a cell of the table or record names.

    A moderator's reason may follow the name after a colon. Raises `CorpusError` if the rule is
    unknown.
    """
    name = cell.partition(":")[0].strip().lower()
    if name and name not in _rules():
        known = ", ".join(_rules())
        raise CorpusError(f"{where}, rule: there is no rule '{name[:40]}'; there are {known}")
    return name


@cache
def _rules() -> tuple[str, ...]:
    return tuple(rules.all_rules())


def _suggested(reason: str) -> dict[str, float]:
    """Return the scores that a verdict from Perspective's `suggestscore` suggests.

    They are in its reason, such as 'TOXICITY 0.9, SPAM 0'.
    """
    scores = {}
    for attribute, value in _SUGGESTED.findall(reason):
        name = attribute.lower()
        scores[_ATTRIBUTES.get(name, name)] = min(float(value), 1.0)
    return scores


def _rejected(record: Mapping[str, Any], reason: str) -> set[str]:
    """Return the names of the scores that a verdict of rejection labels with 1."""
    named = _RULE.match(reason)
    if named and named[1] in RULES:
        return {RULES[named[1]]}
    acted = {
        finding["rule"]
        for finding in record.get("reasons") or ()
        if finding.get("action") != "approve"
    }
    return {RULES[rule] for rule in acted if rule in RULES} if acted else {"toxicity"}
