"""Turn thresholds that were set for Perspective into a policy of House rules.

In Perspective, a TOXICITY of 0.80 means that about 8 of 10 readers would call a comment toxic. The
rule `abuse` has another scale. The file `perspective.toml` says which score of `abuse` means the
same as a TOXICITY; `benchmarks/perspective.py` measured this. The thresholds of all other
attributes (scores of Perspective) stay as they are: there are no public data to measure them with,
and the scores of House rules are probabilities too.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from moderation.policy import Policy

MEASURED = Path(__file__).with_name("perspective.toml")

TOXICITY = ("TOXICITY", "TOXICITY_FAST")
# The attributes that each rule covers. If several have thresholds, the lowest counts.
RULES: dict[str, tuple[str, ...]] = {
    "abuse": (*TOXICITY, "SEVERE_TOXICITY", "INSULT", "PROFANITY", "OBSCENE", "SEXUALLY_EXPLICIT"),
    "personal_attack": ("ATTACK_ON_AUTHOR", "ATTACK_ON_COMMENTER"),
    "incendiary": ("IDENTITY_ATTACK", "THREAT", "INFLAMMATORY"),
    "spam": ("SPAM",),
    "full_sentences": ("INCOHERENT",),
}
WITHOUT_RULE = {
    "UNSUBSTANTIAL": "set [length] fewest_words instead",
    "LIKELY_TO_REJECT": "the whole policy decides this",
    "HOUSE_RULES": "the whole policy decides this",
    "FLIRTATION": "no rule covers it",
    "OFF_TOPIC": "the rule off_topic only watches; set its thresholds to let it act",
    "ATTACK_ON_PUBLISHER": "no rule covers it",
}
LEVELS = ("review", "reject")


class ThresholdsError(ValueError):
    """Thresholds for Perspective cannot be read. The message says which, and what is allowed."""


class Thresholds(NamedTuple):
    """The scores of a Perspective attribute from which a comment gets `review` or `reject`.

    None means that no score leads to this action.
    """

    review: float | None
    reject: float | None


def read(path: Path) -> dict[str, Thresholds]:
    """Return the thresholds of each Perspective attribute in a TOML or JSON file.

    An entry is `TOXICITY = 0.8`, the threshold for review, or a table with `review` and `reject`.
    Raises `ThresholdsError`.
    """
    try:
        text = path.read_text("utf-8")
        content = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise ThresholdsError(f"{path}: cannot be read: {error}") from None
    if not isinstance(content, dict) or not content:
        raise ThresholdsError(f"{path}: names no attribute; write for example TOXICITY = 0.8")
    return {_attribute(name): _thresholds(name, value) for name, value in content.items()}


def _attribute(name: str) -> str:
    """Return the name of a Perspective attribute without its version.

    The suffix `_EXPERIMENTAL` is removed too, if the name without it is an attribute.

    >>> _attribute("TOXICITY@6"), _attribute("SEVERE_TOXICITY_EXPERIMENTAL")
    ('TOXICITY', 'SEVERE_TOXICITY')
    """
    unversioned = name.partition("@")[0]
    stable = unversioned.removesuffix("_EXPERIMENTAL")
    if stable in _covered() | WITHOUT_RULE.keys():
        return stable
    if unversioned.endswith("_EXPERIMENTAL"):
        return unversioned  # such as Perspective's bridging attributes, which no rule covers
    raise ThresholdsError(f"{name}: not an attribute of Perspective; see docs/dialects.md")


def _covered() -> set[str]:
    """Return the Perspective attributes that correspond to a rule of House rules."""
    return {attribute for attributes in RULES.values() for attribute in attributes}


def _thresholds(name: str, value: object) -> Thresholds:
    if not isinstance(value, Mapping):
        return Thresholds(_score(name, value), None)
    unknown = sorted(set(value) - set(LEVELS))
    if unknown or not value:
        raise ThresholdsError(
            f"{name}: give it review, reject or both, not {', '.join(unknown) or 'none'}"
        )
    review, reject = (
        _score(f"{name}.{level}", value[level]) if level in value else None for level in LEVELS
    )
    if review is not None and reject is not None and reject < review:
        raise ThresholdsError(f"{name}: reject must not be below review")
    return Thresholds(review, reject)


def _score(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ThresholdsError(f"{name}: must be a number from 0 to 1, not {value!r}")
    return float(value)


def abuse_score(threshold: float) -> float:
    """Return the score of the rule `abuse` that means the same as a TOXICITY of `threshold`.

    The score is interpolated between the points measured in `perspective.toml`.

    >>> abuse_score(0.0), abuse_score(1.0)
    (0.0, 1.0)
    """
    measured: dict[str, float] = tomllib.loads(MEASURED.read_text("utf-8"))["abuse"]
    points = [(float(perspective), here) for perspective, here in measured.items()]
    for (low, start), (high, end) in pairwise([(0.0, 0.0), *points, (1.0, 1.0)]):
        if threshold <= high:
            return round(start + (end - start) * (threshold - low) / (high - low), 3)
    return 1.0


def policy_toml(thresholds: Mapping[str, Thresholds], *, watch: bool = False) -> str:
    """Return a policy as TOML, made from thresholds for Perspective.

    TOML comments say where each threshold comes from. With `watch`, all other rules of the shipped
    policy get no thresholds, so their findings have no effect.
    """
    lines = [*_HEADER]
    for rule in RULES:
        if table := list(_table(rule, thresholds)):
            lines += ["", *table]
    acting = {rule for rule in RULES if any(name in thresholds for name in RULES[rule])}
    if watch:
        for shipped in Policy.load().rules.values():
            if shipped.name not in acting and not shipped.thresholds.shadow:
                lines += ["", f"[{shipped.name}]", 'review = "never"', 'reject = "never"']
    for name in thresholds:
        if name not in _covered():
            lines += ["", f"# {name}: {WITHOUT_RULE.get(name, 'no rule covers it')}"]
    return "\n".join(lines) + "\n"


_HEADER = (
    "# This policy was made from thresholds for Perspective.",
    "# docs/moving-from-perspective.md explains the numbers.",
    "# To try it: moderation policy check THIS-FILE",
)


def _table(rule: str, thresholds: Mapping[str, Thresholds]) -> Iterator[str]:
    """Yield the lines of a rule's TOML table, with TOML comments on the source of its thresholds.

    Several Perspective attributes may correspond to the rule. If TOXICITY has thresholds, the
    thresholds of the other attributes are not used, because only TOXICITY was measured.
    """
    attributes = [name for name in RULES[rule] if name in thresholds]
    if not attributes:
        return
    used = [name for name in attributes if name in TOXICITY] or attributes
    for name in attributes:
        yield f"# {name}: {_levels(thresholds[name])}{_origin(rule, name, used)}"
    yield f"[{rule}]"
    review = _lowest(thresholds[name].review for name in used)
    reject = _lowest(thresholds[name].reject for name in used)
    if used[0] in TOXICITY:
        review, reject = (
            None if level is None else abuse_score(level) for level in (review, reject)
        )
    if review is not None and reject is not None:
        review = min(review, reject)
    for name, level in zip(LEVELS, (review, reject), strict=True):
        yield f"{name} = " + ('"never"' if level is None else f"{level:g}")
    if rule == "abuse" and review is not None and (reject is None or review < reject):
        yield from _most_unaimed(review)


def _most_unaimed(review: float) -> Iterator[str]:
    """Yield the TOML line `most_unaimed`, if the shipped value is below the threshold `review`.

    The setting limits the scores of comments that address no person. With the line, these comments
    can reach `review` too. Perspective makes no difference between comments that address a person
    and those that do not.
    """
    if review > Policy.load().tables["abuse"]["most_unaimed"]:
        yield f"most_unaimed = {review:g}  # a person also sees comments that address no person"


def _levels(thresholds: Thresholds) -> str:
    parts = zip(LEVELS, thresholds, strict=True)
    return ", ".join(f"{name} from {level:g}" for name, level in parts if level is not None)


def _origin(rule: str, name: str, used: Sequence[str]) -> str:
    """Say in words how an attribute's thresholds were used for the thresholds of a rule."""
    if name in used:
        return "; translated as measured" if name in TOXICITY else "; not changed, not measured"
    return f"; not used: [{rule}] has one threshold for it and {used[0]}"


def _lowest(levels: Iterable[float | None]) -> float | None:
    return min((level for level in levels if level is not None), default=None)
