"""A challenger beside the champion: every figure with its difference, and what it would change.

Both read the same rows that neither learned from, so differences are paired: each resample draws
rows once for the two (Efron and Tibshirani 1993). Many figures are guarded; so that a challenger
as good as the champion is not refused for one of them by chance, their doubts are corrected
together (Holm 1979). On the guideline suite the harmless cases are guarded, by the exact test of
McNemar (1947) on those that only one of the two holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binomtest, norm
from sklearn.metrics import roc_auc_score

from moderation.comment import Comment
from moderation.models import Models, champions
from moderation.moderator import Moderator
from moderation.policy import Policy
from moderation.training import evaluate, own
from moderation.training.corpora import Row
from moderation.training.figures import Bools, Floats
from moderation.training.functions import held
from moderation.training.suite import cases

RESAMPLES = 300
DOUBT = 0.05
LEVELS = (0.3, 0.5, 0.8, 0.95)  # whose counterparts are told
OWN = (
    evaluate.Question("written for this project, attacks", "own.attack", "personal_attack"),
    evaluate.Question("written for this project, hate", "own.hate", "identity_attack"),
    evaluate.Question("written for this project, abusive", "own.toxic", "toxicity"),
)
"""What can be asked wherever the project is, without any public set."""


class Difference(NamedTuple):
    """Challenger less champion, its 95 % interval, and how likely chance alone is as bad."""

    value: float
    low: float
    high: float
    p: float


def difference(said: Bools, now: Floats, then: Floats, seed: int = 0) -> Difference:
    """Of the areas under the ROC curve, by a paired bootstrap; `p` is one-sided: worse.

    >>> said = np.array([True, False] * 30)
    >>> difference(said, said * 0.9, said * 0.9).value
    0.0
    """
    draw = np.random.default_rng(seed)
    drawn = []
    for _ in range(RESAMPLES):
        rows = draw.integers(0, len(said), len(said))
        if 0 < said[rows].sum() < len(rows):
            drawn.append(
                roc_auc_score(said[rows], then[rows]) - roc_auc_score(said[rows], now[rows])
            )
    value = float(roc_auc_score(said, then) - roc_auc_score(said, now))
    drawn = drawn or [value]
    spread = float(np.std(drawn))
    low, high = np.quantile(drawn, [0.025, 0.975])
    p = float(norm.cdf(value / spread)) if spread else float(value >= 0)
    return Difference(round(value, 4), round(float(low), 4), round(float(high), 4), p)


def counterpart(now: Floats, then: Floats, level: float) -> float:
    """The challenger's threshold that flags as many of these as the champion's `level` does.

    >>> counterpart(np.array([0.1, 0.6]), np.array([0.2, 0.9]), 0.5)
    0.9
    """
    flagged = int((now >= level).sum())
    return round(float(np.sort(then)[::-1][flagged - 1]), 4) if flagged else 1.0


def worse(doubts: Mapping[str, float], doubt: float = DOUBT) -> list[str]:
    """Which of many are beyond chance, all corrected together by Holm's method.

    >>> worse({"a": 0.001, "b": 0.03, "c": 0.9})
    ['a']
    """
    found = []
    for rank, (name, p) in enumerate(sorted(doubts.items(), key=lambda entry: entry[1])):
        if p > doubt / (len(doubts) - rank):
            break
        found.append(name)
    return found


def compare(
    data: Path | None,
    root: Path,
    model: str,
    version: str,
    *,
    seed: int = 0,
    most: int = 400,
    policy: Policy | None = None,
) -> dict[str, Any]:
    """All differences between the champions with and without the challenger.

    On the comments written for this project and the guideline suite, and on the public sets where
    `data` has them: at most `most` rows of each, drawn by the seed. `policy` decides about the
    suite; by default the shipped one. Raises `ModelError`.
    """
    used = champions(root)
    sides = Models.load(root), Models.load(root, {**used, model: version})
    rows = [
        *(Row(it.text, "own", _named(it.labels)) for it in own.comments() if it.part == "test"),
        *(evaluate.measuring(data, evaluate.drawn(most, seed)) if data else ()),
    ]
    now, then = (evaluate.scored_rows(side, rows) for side in sides)
    figures, doubts, measured = {}, {}, 0
    for question in (*OWN, *evaluate.QUESTIONS):
        if question.head not in now.scores or question.head not in then.scores:
            continue
        places, said = evaluate.answers(question, rows)
        before, after = now.scores[question.head][places], then.scores[question.head][places]
        if not 0 < said.sum() < len(said):
            continue
        measured += 1
        if np.array_equal(before, after):
            continue
        found = difference(said, before, after, seed)
        doubts[question.name] = found.p
        figures[question.name] = {
            "head": question.head,
            "rows": len(said),
            "now": round(float(roc_auc_score(said, before)), 4),
            "then": round(float(roc_auc_score(said, after)), 4),
            "difference": found.value,
            "interval": [found.low, found.high],
            "thresholds": {str(at): counterpart(before, after, at) for at in LEVELS},
        }
    moderators = [Moderator(policy or Policy.load(), side) for side in sides]
    suite = dict(_suite(moderators))
    doubts |= {f"suite, harmless: {rule}": entry["p"] for rule, entry in suite.items()}
    return {
        "model": model,
        "champion": used.get(model),
        "challenger": version,
        "seed": seed,
        "most": most,
        "versions": [side.versions for side in sides],
        "measured": measured,
        "sets": figures,
        "suite": suite,
        "worse": worse(doubts),
    }


def _named(labels: Mapping[str, float]) -> dict[str, float]:
    return {f"own.{label}": value for label, value in labels.items()}


def _suite(moderators: Sequence[Moderator]) -> Iterator[tuple[str, dict[str, Any]]]:
    """By rule: harmless cases held by one side only, and the harmful ones that each catches."""
    every = cases()
    sides = [
        [held(made) for made in side.moderate_many(Comment(case.text) for case in every)]
        for side in moderators
    ]
    for rule in sorted({case.rule for case in every}):
        both = [
            (case.harmful, *caught)
            for case, *caught in zip(every, *sides, strict=True)
            if case.rule == rule
        ]
        newly = sum(not harmful and then and not now for harmful, now, then in both)
        freed = sum(not harmful and now and not then for harmful, now, then in both)
        tested = binomtest(newly, newly + freed, alternative="greater") if newly + freed else None
        yield (
            rule,
            {
                "newly held": newly,
                "no longer held": freed,
                "caught now": sum(harmful and now for harmful, now, _ in both),
                "caught then": sum(harmful and then for harmful, _, then in both),
                "p": float(tested.pvalue) if tested else 1.0,
            },
        )


def changes(
    root: Path, model: str, version: str, texts: Iterable[str], policy: Policy | None = None
) -> dict[str, Any]:
    """Which decisions about these comments would be others, those first that change most."""
    used = champions(root)
    policy = policy or Policy.load()
    now = Moderator(policy, Models.load(root))
    then = Moderator(policy, Models.load(root, {**used, model: version}))
    kept = list(texts)
    changed = []
    pairs = zip(
        kept,
        now.moderate_many(map(Comment, kept)),
        then.moderate_many(map(Comment, kept)),
        strict=True,
    )
    for text, before, after in pairs:
        if before.action != after.action:
            moved = max(
                (abs(after.scores[head] - value) for head, value in before.scores.items()),
                default=0.0,
            )
            entry = {"from": str(before.action), "to": str(after.action), "text": text}
            changed.append({"moved": round(moved, 4), **entry})
    changed.sort(key=lambda entry: -float(str(entry["moved"])))
    share = len(changed) / max(len(kept), 1)
    return {"comments": len(kept), "share": round(share, 4), "changed": changed}
