"""A challenger beside the champion: every figure with its difference, and what it would change.

Both read the same rows that neither learned from, so differences are paired: each resample draws
rows once for the two (Efron and Tibshirani 1993). Many figures are guarded; so that a challenger
as good as the champion is not refused for one of them by chance, their doubts are corrected
together (Holm 1979), those of the sets with those of short and long comments and of groups of
people. The guideline suite is guarded more strictly, its harmless cases by one test that nothing
corrects and the others by another: the exact one of McNemar (1947) on those that only one of the
two holds. Nor may the harmful cases of one rule pass because those of another are caught: each
rule's are tested too, these corrected together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binomtest, norm, rankdata

from moderation.comment import Comment
from moderation.lifecycle.promotion import card
from moderation.moderator import Moderator
from moderation.policy import Policy
from moderation.scoring.models import Models
from moderation.scoring.store import champions
from moderation.training.corpora import in_house
from moderation.training.corpora.catalogue import Row
from moderation.training.evaluation import evaluate
from moderation.training.evaluation.functional import held
from moderation.training.evaluation.functional_cases import Case, cases
from moderation.training.evaluation.slices import Ints, Slice, slices
from moderation.training.metrics import Bools, Floats

RESAMPLES = 300
DOUBT = 0.05
HARMLESS, HARMFUL = "harmless cases", "harmful cases"
LEVELS = (0.3, 0.5, 0.8, 0.95)  # whose counterparts are told
OWN = (
    evaluate.Question("written for this project, attacks", "own.attack", "personal_attack"),
    evaluate.Question("written for this project, hate", "own.hate", "identity_attack"),
    evaluate.Question("written for this project, abusive", "own.toxic", "toxicity"),
    evaluate.Question("written for this project, spam", "own.spam", "spam"),
)
"""What can be asked wherever the project is, without any public set."""


class Difference(NamedTuple):
    """Challenger less champion, its 95 % interval, and how likely chance alone is as bad."""

    value: float
    low: float
    high: float
    p: float


def area(said: Bools, scores: Floats, sets: Ints | None = None) -> float:
    """The area under the ROC curve; of several sets, over the pairs within each set alone.

    It is the share of the pairs of a yes and a no that stand in the right order (Hanley and
    McNeil 1982). NaN where there is no pair.

    >>> said, scores = np.array([True, False, True, False]), np.array([0.9, 0.2, 0.1, 0.3])
    >>> area(said, scores), area(said, scores, np.array([0, 0, 1, 1]))
    (0.5, 0.5)
    """
    parts = [slice(None)] if sets is None else [sets == it for it in np.unique(sets)]
    won = pairs = 0.0
    for part in parts:
        yes = said[part]
        count = int(yes.sum())
        ranks = rankdata(scores[part])[yes]
        won += float(ranks.sum()) - count * (count + 1) / 2
        pairs += count * (len(yes) - count)
    return won / pairs if pairs else float("nan")


def difference(
    said: Bools, now: Floats, then: Floats, seed: int = 0, sets: Ints | None = None
) -> Difference:
    """Of the areas under the ROC curve, by a paired bootstrap; `p` is one-sided: worse.

    >>> said = np.array([True, False] * 30)
    >>> difference(said, said * 0.9, said * 0.9).value
    0.0
    """
    draw = np.random.default_rng(seed)
    drawn = []
    for _ in range(RESAMPLES):
        rows = draw.integers(0, len(said), len(said))
        own = None if sets is None else sets[rows]
        gap = area(said[rows], then[rows], own) - area(said[rows], now[rows], own)
        if not np.isnan(gap):
            drawn.append(gap)
    value = area(said, then, sets) - area(said, now, sets)
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
    suite; by default the shipped one. `measured` counts the figures of scores that the challenger
    gives, and no others: those cannot differ. Raises `ModelError`.
    """
    used = champions(root)
    sides = Models.load(root), Models.load(root, {**used, model: version})
    rows = [
        *(row for row in in_house.rows() if row.part == "test"),
        *(evaluate.measuring(data, evaluate.drawn(most, seed)) if data else ()),
    ]
    now, then = (evaluate.scored_rows(side, rows).scores for side in sides)
    figures: dict[str, dict[str, Any]] = {"sets": {}, "slices": {}}
    heads = card(root, model, version)["heads"]
    doubts, measured = {}, 0
    asked = *OWN, *evaluate.QUESTIONS
    for kind, part in [*_questions(rows, asked), *(("slices", it) for it in slices(rows, asked))]:
        if part.head not in now or part.head not in then:
            continue
        measured += part.head in heads
        before, after = now[part.head][part.rows], then[part.head][part.rows]
        if np.array_equal(before, after):
            continue
        figures[kind][part.name], doubts[part.name] = _figure(part, before, after, seed)
    suite = guideline_suite([_decider(policy or Policy.load(), side) for side in sides])
    return {
        "model": model,
        "champion": used.get(model),
        "challenger": version,
        "seed": seed,
        "most": most,
        "versions": [side.versions for side in sides],
        "measured": measured,
        **figures,
        "suite": suite,
        "worse": [*worse(doubts), *lost(suite)],
    }


def _questions(
    rows: Sequence[Row], questions: Iterable[evaluate.Question]
) -> Iterator[tuple[str, Slice]]:
    for question in questions:
        chosen, said = evaluate.answers(question, rows)
        if 0 < said.sum() < len(said):
            one = np.zeros(len(said), np.int64)
            yield "sets", Slice(question.name, question.head, np.array(chosen), said, one)


def _figure(part: Slice, before: Floats, after: Floats, seed: int) -> tuple[dict[str, Any], float]:
    """Both areas and their difference, the new thresholds, and how likely chance is as bad."""
    found = difference(part.said, before, after, seed, part.sets)
    figure = {
        "head": part.head,
        "rows": len(part.said),
        "now": round(area(part.said, before, part.sets), 4),
        "then": round(area(part.said, after, part.sets), 4),
        "difference": found.value,
        "interval": [found.low, found.high],
        "thresholds": {str(at): counterpart(before, after, at) for at in LEVELS},
    }
    return figure, found.p


def guideline_suite(moderators: Sequence[Moderator]) -> dict[str, Any]:
    """What two moderators, now and then, hold of the suite: in all, and of each kind."""
    every = cases()
    held_by = [
        [held(made) for made in side.moderate_many(Comment(case.text) for case in every)]
        for side in moderators
    ]
    judged = [*zip(every, *held_by, strict=True)]
    names = dict.fromkeys(case.functionality for case in every)
    return {
        HARMLESS: harmless(judged),
        HARMFUL: harmful(judged),
        "rules": {
            rule: harmful([it for it in judged if it[0].rule == rule])
            for rule in dict.fromkeys(case.rule for case in every)
        },
        "functionalities": {
            name: {
                "rule": own[0][0].rule,
                **harmless(own),
                "caught now": sum(case.harmful and now for case, now, _ in own),
                "caught then": sum(case.harmful and then for case, _, then in own),
            }
            for name in names
            if (own := [it for it in judged if it[0].functionality == name])
        },
    }


def lost(suite: Mapping[str, Any]) -> list[str]:
    """What of the guideline suite is worse beyond chance."""
    strict = [name for name in (HARMLESS, HARMFUL) if suite[name]["p"] <= DOUBT]
    rules = worse({f"{HARMFUL} of {rule}": it["p"] for rule, it in suite["rules"].items()})
    return [f"suite, {name}" for name in (*strict, *rules)]


def harmless(judged: Sequence[tuple[Case, bool, bool]]) -> dict[str, Any]:
    """Of the harmless cases, how many one side alone holds, and how likely chance is as bad."""
    every, newly, freed = _apart(judged, harmful=False)
    told = {"harmless": every, "newly held": newly, "no longer held": freed}
    return {**told, "p": _chance(newly, freed)}


def harmful(judged: Sequence[tuple[Case, bool, bool]]) -> dict[str, Any]:
    """Of the harmful cases, how many one side alone lets pass, and how likely chance is as bad."""
    every, newly, passed = _apart(judged, harmful=True)
    told = {"harmful": every, "newly caught": newly, "no longer caught": passed}
    return {**told, "p": _chance(passed, newly)}


def _apart(judged: Sequence[tuple[Case, bool, bool]], *, harmful: bool) -> tuple[int, int, int]:
    """How many such cases there are, how many are held only then, and how many only now."""
    sides = [(now, then) for case, now, then in judged if case.harmful == harmful]
    only_then = sum(then and not now for now, then in sides)
    only_now = sum(now and not then for now, then in sides)
    return len(sides), only_then, only_now


def _chance(worse: int, better: int) -> float:
    """How likely chance alone makes as many of those that differ worse."""
    if not worse + better:
        return 1.0
    return round(float(binomtest(worse, worse + better, alternative="greater").pvalue), 4)


def _decider(policy: Policy, models: Models) -> Moderator:
    """Only actions and scores are compared."""
    return Moderator(policy, models, explains=False)


def changes(
    root: Path, model: str, version: str, texts: Iterable[str], policy: Policy | None = None
) -> dict[str, Any]:
    """Which decisions about these comments would be others, those first that change most."""
    used = champions(root)
    policy = policy or Policy.load()
    now = _decider(policy, Models.load(root))
    then = _decider(policy, Models.load(root, {**used, model: version}))
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
