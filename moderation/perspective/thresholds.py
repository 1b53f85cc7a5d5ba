"""Thresholds set for Perspective, as a policy of the house rules.

Perspective's 0.80 of TOXICITY means that about 8 in 10 readers would call a comment toxic. Which
score of the rule `abuse` means that stands in `perspective.toml`, as `benchmarks/perspective.py`
measured it. All other attributes keep their thresholds: nothing was there to measure them by, and
our scores are probabilities too.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from moderation.policy import Policy

MEASURED = Path(__file__).with_name("perspective.toml")

TOXICITY = ("TOXICITY", "TOXICITY_FAST")
# The attributes that each rule reads; where several are given the lowest threshold holds.
RULES: dict[str, tuple[str, ...]] = {
    "abuse": (*TOXICITY, "SEVERE_TOXICITY", "INSULT", "PROFANITY", "OBSCENE", "SEXUALLY_EXPLICIT"),
    "personal_attack": ("ATTACK_ON_AUTHOR", "ATTACK_ON_COMMENTER"),
    "incendiary": ("IDENTITY_ATTACK", "THREAT", "INFLAMMATORY"),
    "spam": ("SPAM",),
    "full_sentences": ("INCOHERENT",),
}
ELSEWHERE = {
    "UNSUBSTANTIAL": "set [length] fewest_words instead",
    "LIKELY_TO_REJECT": "the policy as a whole says that now",
    "HOUSE_RULES": "the policy as a whole says that",
    "FLIRTATION": "no rule reads it",
    "OFF_TOPIC": "the rule off_topic only watches; give it thresholds to let it act",
    "ATTACK_ON_PUBLISHER": "no rule reads it",
}
LEVELS = ("review", "reject")


class ThresholdsError(ValueError):
    """Thresholds that cannot be read; says which, and what would be right."""


class Wanted(NamedTuple):
    """From which score of an attribute on a person looked, and from which a comment was refused."""

    review: float | None
    reject: float | None


def read(path: Path) -> dict[str, Wanted]:
    """The thresholds in a TOML or JSON file: `TOXICITY = 0.8`, or `review` and `reject` of it.

    A number alone is where a person looks. Raises `ThresholdsError`.
    """
    try:
        text = path.read_text("utf-8")
        given = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise ThresholdsError(f"{path}: cannot be read: {error}") from None
    if not isinstance(given, dict) or not given:
        raise ThresholdsError(f"{path}: names no attribute; write for example TOXICITY = 0.8")
    return {_known(name): _wanted(name, value) for name, value in given.items()}


def _known(name: str) -> str:
    """An attribute without version and `_EXPERIMENTAL`, where that is a twin.

    >>> _known("TOXICITY@6"), _known("SEVERE_TOXICITY_EXPERIMENTAL")
    ('TOXICITY', 'SEVERE_TOXICITY')
    """
    plain = name.partition("@")[0]
    twin = plain.removesuffix("_EXPERIMENTAL")
    known = {attribute for read in RULES.values() for attribute in read} | ELSEWHERE.keys()
    if twin in known:
        return twin
    if plain.endswith("_EXPERIMENTAL"):
        return plain  # of Perspective's 'bridging' kind: told as one that no rule reads
    raise ThresholdsError(
        f"{name}: no attribute of Perspective that is known; see docs/dialects.md"
    )


def _wanted(name: str, value: object) -> Wanted:
    if not isinstance(value, Mapping):
        return Wanted(_share(name, value), None)
    unknown = sorted(set(value) - set(LEVELS))
    if unknown or not value:
        raise ThresholdsError(
            f"{name}: give it review, reject or both, not {', '.join(unknown) or 'none'}"
        )
    wanted = Wanted(*(_share(f"{name}.{it}", value[it]) if it in value else None for it in LEVELS))
    if wanted.review is not None and wanted.reject is not None and wanted.reject < wanted.review:
        raise ThresholdsError(f"{name}: reject must not be below review")
    return wanted


def _share(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ThresholdsError(f"{name}: must be a number from 0 to 1, not {value!r}")
    return float(value)


def toxicity(threshold: float) -> float:
    """The score of the rule `abuse` at which as many readers agree as at Perspective's TOXICITY.

    >>> toxicity(0.0), toxicity(1.0)
    (0.0, 1.0)
    """
    measured: dict[str, float] = tomllib.loads(MEASURED.read_text("utf-8"))["abuse"]
    knots = [(0.0, 0.0), *((float(theirs), ours) for theirs, ours in measured.items()), (1.0, 1.0)]
    for (low, start), (high, end) in pairwise(knots):
        if threshold <= high:
            return round(start + (end - start) * (threshold - low) / (high - low), 3)
    return 1.0


def policy(wanted: Mapping[str, Wanted], *, watch: bool = False) -> str:
    """The policy as TOML, each table with the thresholds that it comes from.

    With `watch` every other rule of the shipped policy only watches.
    """
    lines = ["# A policy from thresholds that were set for Perspective; see", *_HEAD]
    tables = [table for rule in RULES if (table := list(_table(rule, wanted)))]
    for table in tables:
        lines += ["", *table]
    acting = {rule for rule in RULES if any(name in wanted for name in RULES[rule])}
    if watch:
        for rule in Policy.load().rules.values():
            if rule.name not in acting and not rule.thresholds.shadow:
                lines += ["", f"[{rule.name}]", 'review = "never"', 'reject = "never"']
    for name in wanted:
        if name not in {attribute for read in RULES.values() for attribute in read}:
            lines += ["", f"# {name}: {ELSEWHERE.get(name, 'no rule reads it')}"]
    return "\n".join(lines) + "\n"


_HEAD = (
    "# docs/moving-from-perspective.md for what the numbers mean.",
    "# Try it: moderation policy check THIS-FILE",
)


def _table(rule: str, wanted: Mapping[str, Wanted]) -> Iterator[str]:
    """A rule's table, with comments that say where its thresholds come from."""
    given = [name for name in RULES[rule] if name in wanted]
    if not given:
        return
    leading = [name for name in given if name in TOXICITY] or given
    for name in given:
        yield f"# {name}: {_told(wanted[name])}{_fate(rule, name, leading)}"
    yield f"[{rule}]"
    levels = [_strictest([wanted[name][at] for name in leading]) for at in range(2)]
    if rule == "abuse" and leading[0] in TOXICITY:
        levels = [level if level is None else toxicity(level) for level in levels]
    review, reject = levels
    if review is not None and reject is not None:
        review = min(review, reject)
    for name, level in zip(LEVELS, (review, reject), strict=True):
        yield f"{name} = " + ('"never"' if level is None else f"{level:g}")
    if rule == "abuse" and review is not None and (reject is None or review < reject):
        yield from _unaimed(review)


def _unaimed(review: float) -> Iterator[str]:
    """Perspective did not ask whether anybody was meant: a person must see such comments still."""
    if review > Policy.load().tables["abuse"]["most_unaimed"]:
        yield f"most_unaimed = {review:g}  # a person sees those where nobody is meant"


def _told(wanted: Wanted) -> str:
    parts = zip(LEVELS, wanted, strict=True)
    return ", ".join(f"{name} from {level:g}" for name, level in parts if level is not None)


def _fate(rule: str, name: str, leading: Sequence[str]) -> str:
    """What became of an attribute's thresholds."""
    if name in leading:
        return " by the measured map" if name in TOXICITY else " as it was; not measured"
    return f", left out: [{rule}] reads it together with {leading[0]}, under one threshold"


def _strictest(given: Sequence[float | None]) -> float | None:
    """The strictest of some thresholds."""
    return min((level for level in given if level is not None), default=None)
