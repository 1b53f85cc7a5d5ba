"""Moderators' verdicts as labelled rows: the lines of the record's export, or a newsroom's own.

A line is a decision as `GET /v1/export` and `moderation record export` write it, with its
`history`, or `{"text": …, "verdict": "approve" | "reject", "rule": …}` (`rule` may be left out); a
table has these as its columns, and a row without a verdict waits for one. The last verdict
stands. What it says of the scores:

- *approve*: none of them should be high. *review*: nothing.
- *reject* says yes to the scores of the rules that had acted, or of the rule that the moderator's
  reason begins with ('abuse: …'). Where none had acted it says yes to `toxicity`. Where only rules
  acted that judge no tone (`links`, `language`, …), it says nothing. So does a `rule` of these, and
  one that does not exist is an error.
- what came by Akismet's submit-spam and submit-ham speaks of `spam` alone, what came by
  `suggestscore` of the attributes that it names.
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
    """The rows that the lines speak of. Raises `CorpusError` naming line, field and what fits.

    >>> (row,) = rows(['{"text": "Go away.", "verdict": "reject"}'])
    >>> row.labels
    {'toxicity': 1.0}
    """
    yield from labelled(_parsed(lines, name), name)


def labelled(records: Iterable[tuple[int, Mapping[str, Any]]], name: str) -> Iterator[Row]:
    """The rows that the records of a table speak of, each with its line. Raises `CorpusError`.

    >>> [row.labels for row in labelled([(2, {"text": "So.", "verdict": ""})], "asked.csv")]
    []
    """
    for number, found in records:
        text, labels = found.get("text"), _labels(found, f"{name}, line {number}")
        if isinstance(text, str) and text.strip() and labels:
            yield Row(text, "verdicts", labels)


def _parsed(lines: Iterable[str | bytes], name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        try:
            found = json.loads(line)
        except ValueError as error:
            raise CorpusError(f"{where}: is no JSON: {error}") from None
        if not isinstance(found, dict):
            raise CorpusError(f"{where}: must be an object, a decision of the record")
        yield number, found


def _labels(line: Mapping[str, Any], where: str) -> dict[str, float]:
    """What the verdict that stands says, by score; nothing where there is none."""
    if "verdict" in line:
        said = str(line["verdict"] or "").strip().lower()
        if not said:
            return {}
        rule = _known(str(line.get("rule") or ""), where)
        if rule and rule not in RULES and said == "reject":
            return {}
        last: Mapping[str, Any] = {"action": said, "reason": rule}
    else:
        given = (line.get("history") or {}).get("verdicts")
        if given is None:
            raise CorpusError(f"{where}: needs 'history' (an export) or 'verdict'")
        if not given:
            return {}
        last = given[-1]
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
    return dict.fromkeys(_refused(line, reason), 1.0) if action == "reject" else {}


def _known(said: str, where: str) -> str:
    """The rule that is named, with or without a reason after it. Raises `CorpusError`."""
    named = said.partition(":")[0].strip().lower()
    if named and named not in _rules():
        known = ", ".join(_rules())
        raise CorpusError(f"{where}, rule: there is no rule '{named[:40]}'; there are {known}")
    return named


@cache
def _rules() -> tuple[str, ...]:
    return tuple(rules.all_rules())


def _suggested(reason: str) -> dict[str, float]:
    """The scores as they were sent ('TOXICITY 0.9, SPAM 0')."""
    found = {}
    for attribute, value in _SUGGESTED.findall(reason):
        name = attribute.lower()
        found[_ATTRIBUTES.get(name, name)] = min(float(value), 1.0)
    return found


def _refused(line: Mapping[str, Any], reason: str) -> set[str]:
    """The scores that a refusal says yes to."""
    said = _RULE.match(reason)
    if said and said[1] in RULES:
        return {RULES[said[1]]}
    acted = {it["rule"] for it in line.get("reasons") or () if it.get("action") != "approve"}
    return {RULES[rule] for rule in acted if rule in RULES} if acted else {"toxicity"}
