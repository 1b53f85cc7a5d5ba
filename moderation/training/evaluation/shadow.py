"""What a challenger in shadow showed: how much it would change, and whom moderators agree with.

The share of decisions that would change has Wilson's 95 % interval (1927). Where champion and
challenger differ and a moderator has spoken, the one whose action stands nearer to the verdict was
right; McNemar's exact test (1947) tells whether that is chance.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from scipy.stats import binomtest

from moderation.decision import Action
from moderation.lifecycle.shadow import Pair

WITHIN = 0.01  # so near the share of changes is to be known, either way
VERDICTS = 30  # where they differ: a side that is right in 3 of 4 is then found out 4 times in 5
DOUBT = 0.05
LISTED = 20


def summary(pairs: Iterable[Pair]) -> dict[str, Any]:
    """All that is told of a challenger in shadow, as it stands in JSON."""
    actions: Counter[tuple[Action, Action]] = Counter()
    policies: set[str] = set()
    changed: list[Pair] = []
    times: list[datetime] = []
    given = 0
    for pair in pairs:
        actions[pair.champion, pair.challenger] += 1
        policies.add(pair.policy)
        times = [times[0] if times else pair.at, pair.at]
        given += pair.verdict is not None
        if pair.champion != pair.challenger:
            changed.append(pair)
    changed.sort(key=lambda pair: (-abs(pair.challenger - pair.champion), -pair.moved))
    return {
        "decisions": actions.total(),
        "days": round((times[1] - times[0]).total_seconds() / 86_400, 2) if times else 0.0,
        "policies": sorted(policies),
        "actions": {
            str(champion): {str(challenger): actions[champion, challenger] for challenger in Action}
            for champion in Action
        },
        **share(len(changed), actions.total()),
        "verdicts": {"given": given, **nearer(changed)},
        "changed": [_told(pair) for pair in changed],
    }


def share(changed: int, decisions: int) -> dict[str, Any]:
    """The share that would change, its interval, and how many decisions are missing to know it.

    >>> share(4, 200)
    {'share': 0.02, 'interval': [0.0078, 0.0503], 'missing': 884}
    >>> share(40, 2000)["missing"]
    0
    """
    if not decisions:
        return {"share": None, "interval": [0.0, 1.0], "missing": None}
    low, high = map(float, binomtest(changed, decisions).proportion_ci(method="wilson"))
    assumed = (low + high) / 2  # none among few does not mean none
    enough = math.ceil(assumed * (1 - assumed) * (1.96 / WITHIN) ** 2)
    return {
        "share": round(changed / decisions, 4),
        "interval": [round(low, 4), round(high, 4)],
        "missing": 0 if (high - low) / 2 <= WITHIN else max(enough - decisions, 1),
    }


def nearer(changed: Iterable[Pair]) -> dict[str, Any]:
    """Whom the verdicts agree with where the two differ. A verdict of review says nothing."""
    count = Counter(
        abs(pair.verdict - pair.challenger) < abs(pair.verdict - pair.champion)
        for pair in changed
        if pair.verdict in (Action.APPROVE, Action.REJECT)
    )
    differ = count.total()
    p = float(binomtest(count[True], differ).pvalue) if differ else 1.0
    return {
        "differ": differ,
        "challenger": count[True],
        "champion": count[False],
        "p": round(p, 4),
        "missing": max(VERDICTS - differ, 0),
    }


def worse(found: Mapping[str, Any]) -> bool:
    """Whether moderators agreed with the champion, beyond chance."""
    said = found["verdicts"]
    settled = not said["missing"] and said["p"] < DOUBT
    return bool(settled and said["champion"] > said["challenger"])


def _told(pair: Pair) -> dict[str, Any]:
    return {
        "id": pair.decision,
        "comment_id": pair.comment,
        "from": str(pair.champion),
        "to": str(pair.challenger),
        "moved": pair.moved,
        "verdict": None if pair.verdict is None else str(pair.verdict),
    }


def report(found: Mapping[str, Any]) -> Iterator[str]:
    """What was found, to be read in a terminal."""
    low, high = found["interval"]
    days = found["days"]
    time = f"{days:.1f} days" if days >= 2 else f"{days * 24:.1f} hours"
    yield f"In shadow: {found['decisions']:,} decisions in {time}."
    if not found["decisions"]:
        return
    if len(found["policies"]) > 1:
        yield f"The policy changed meanwhile: there were {len(found['policies'])}."
    yield f"{found['share']:.2%} of them would change ({low:.2%} to {high:.2%})."
    yield f"{'champion':12}" + "".join(f"{f'-> {action}':>12}" for action in Action)
    for champion, row in found["actions"].items():
        yield f"{champion:12}" + "".join(f"{count:12,}" for count in row.values())
    yield from _moderators(found["verdicts"])
    yield from _enough(found["missing"], found["verdicts"]["missing"])
    for it in found["changed"][:LISTED]:
        said = f", a moderator: {it['verdict']}" if it["verdict"] else ""
        yield f"  {it['id']}  {it['from']} -> {it['to']}, a score moves by {it['moved']:.2f}{said}"


def _moderators(said: Mapping[str, Any]) -> Iterator[str]:
    yield f"Moderators spoke about {said['given']:,} of them. Where the two differ the verdict was"
    yield (
        f"nearer to the challenger {said['challenger']:,} times, to the champion "
        f"{said['champion']:,} times (p = {said['p']:.3f})."
    )
    yield "What the champion approved is seldom judged, so what the challenger alone would hold"
    yield "hardly counts there."


def _enough(decisions: int, verdicts: int) -> Iterator[str]:
    """Whether that is enough to say something, and what is missing."""
    missing = [
        *([f"about {decisions:,} more decisions"] if decisions else []),
        *([f"{verdicts} more verdicts where the two differ"] if verdicts else []),
    ]
    yield f"Not enough yet: it takes {' and '.join(missing)}." if missing else "That is enough."
