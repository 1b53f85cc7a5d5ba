"""Report on a challenger that runs in shadow: how often it decides differently, and who is right.

In shadow, a challenger decides the same comments as the model in use (the champion), without any
effect. The share of decisions that would change has Wilson's 95 % interval (1927). Where the two
decide differently and a moderator gave a verdict, the one whose action is nearer to the verdict is
right. McNemar's exact test (1947) gives the p-value.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from scipy.stats import binomtest

from moderation.decision import Action
from moderation.lifecycle.shadow import ShadowPair

WITHIN = 0.01  # the half-width of the interval that is precise enough
VERDICTS = 30  # where both differ: gives 80 % power if one side is right in 3 of 4
ALPHA = 0.05
LISTED = 20


def summary(pairs: Iterable[ShadowPair]) -> dict[str, Any]:
    """Return a report on a challenger in shadow as a dict of JSON values.

    `pairs` are the decisions of the challenger and of the model in use on the same comments.
    """
    actions: Counter[tuple[Action, Action]] = Counter()
    policies: set[str] = set()
    changed: list[ShadowPair] = []
    times: list[datetime] = []
    verdicts = 0
    for pair in pairs:
        actions[pair.champion, pair.challenger] += 1
        policies.add(pair.policy)
        times = [times[0] if times else pair.at, pair.at]
        verdicts += pair.verdict is not None
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
        "verdicts": {"given": verdicts, **agreement(changed)},
        "changed": [_entry(pair) for pair in changed],
    }


def share(changed: int, decisions: int) -> dict[str, Any]:
    """Return which share of decisions would change with the challenger, and its 95 % interval.

    `missing` is how many more decisions are needed until both limits of the interval are at most
    `WITHIN` from its middle.

    >>> share(4, 200)
    {'share': 0.02, 'interval': [0.0078, 0.0503], 'missing': 884}
    >>> share(40, 2000)["missing"]
    0
    """
    if not decisions:
        return {"share": None, "interval": [0.0, 1.0], "missing": None}
    low, high = map(float, binomtest(changed, decisions).proportion_ci(method="wilson"))
    assumed = (low + high) / 2  # not the observed share, which is 0 if no decision of a few changed
    needed = math.ceil(assumed * (1 - assumed) * (1.96 / WITHIN) ** 2)
    return {
        "share": round(changed / decisions, 4),
        "interval": [round(low, 4), round(high, 4)],
        "missing": 0 if (high - low) / 2 <= WITHIN else max(needed - decisions, 1),
    }


def agreement(changed: Iterable[ShadowPair]) -> dict[str, Any]:
    """Count the verdicts that are nearer to the champion's action, and to the challenger's action.

    Only approve and reject verdicts are counted.
    """
    nearer = Counter(
        abs(pair.verdict - pair.challenger) < abs(pair.verdict - pair.champion)
        for pair in changed
        if pair.verdict in (Action.APPROVE, Action.REJECT)
    )
    differ = nearer.total()
    p = float(binomtest(nearer[True], differ).pvalue) if differ else 1.0
    return {
        "differ": differ,
        "challenger": nearer[True],
        "champion": nearer[False],
        "p": round(p, 4),
        "missing": max(VERDICTS - differ, 0),
    }


def significantly_worse(results: Mapping[str, Any]) -> bool:
    """Return whether moderators agree significantly more often with the champion's decisions."""
    verdicts = results["verdicts"]
    significant = not verdicts["missing"] and verdicts["p"] < ALPHA
    return bool(significant and verdicts["champion"] > verdicts["challenger"])


def _entry(pair: ShadowPair) -> dict[str, Any]:
    return {
        "id": pair.decision,
        "comment_id": pair.comment,
        "from": str(pair.champion),
        "to": str(pair.challenger),
        "moved": pair.moved,
        "verdict": None if pair.verdict is None else str(pair.verdict),
    }


def report(results: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a report on a challenger in shadow, for a terminal.

    `results` is what `summary` returned.
    """
    low, high = results["interval"]
    days = results["days"]
    time = f"{days:.1f} days" if days >= 2 else f"{days * 24:.1f} hours"
    yield f"In shadow: {results['decisions']:,} decisions in {time}."
    if not results["decisions"]:
        return
    if len(results["policies"]) > 1:
        yield f"The policy changed during this time: there were {len(results['policies'])}."
    yield f"{results['share']:.2%} of them would change ({low:.2%} to {high:.2%})."
    yield f"{'champion':12}" + "".join(f"{f'-> {action}':>12}" for action in Action)
    for champion, row in results["actions"].items():
        yield f"{champion:12}" + "".join(f"{count:12,}" for count in row.values())
    yield from _moderators(results["verdicts"])
    yield from _enough(results["missing"], results["verdicts"]["missing"])
    for row in results["changed"][:LISTED]:
        verdict = f", a moderator: {row['verdict']}" if row["verdict"] else ""
        change = f"{row['from']} -> {row['to']}, a score moves by {row['moved']:.2f}"
        yield f"  {row['id']}  {change}{verdict}"


def _moderators(verdicts: Mapping[str, Any]) -> Iterator[str]:
    challenger, champion = verdicts["challenger"], verdicts["champion"]
    given = verdicts["given"]
    yield f"Moderators gave verdicts on {given:,} of them. Where the two differ, the verdict is"
    yield (
        f"nearer to the challenger {challenger:,} times and to the champion {champion:,} times "
        f"(p = {verdicts['p']:.3f})."
    )
    yield "Comments that the champion approved rarely get a verdict, so comments that only the"
    yield "challenger would hold hardly count here."


def _enough(decisions: int, verdicts: int) -> Iterator[str]:
    """Yield a line that says how many more decisions and verdicts are needed, if any."""
    missing = [
        *([f"about {decisions:,} more decisions"] if decisions else []),
        *([f"{verdicts} more verdicts where the two differ"] if verdicts else []),
    ]
    yield f"Not enough yet: it takes {' and '.join(missing)}." if missing else "That is enough."
