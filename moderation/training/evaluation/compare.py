"""Compare a challenger with the champion, by statistical tests.

The champion is the version of a model that is in use, and a challenger is a version that may
replace it. Both score the same rows, which neither was trained on. So the differences in ROC AUC
are paired: each bootstrap resample draws the same rows for both (Efron and Tibshirani 1993). There
are many metrics: those of the data sets, of short and long comments, and of groups of people.
Holm's method (1979) corrects all their p-values together, so that a challenger that is as good as
the champion is not refused by chance.

The guideline suite consists of sentences that a newspaper's rules must hold, which means review or
reject (harmful cases), or must let pass (harmless cases). McNemar's exact test (1947) compares the
cases of the suite that only one of the two models holds. The harmless cases have one test and the
harmful cases another; their p-values are not corrected. The harmful cases of each rule are tested
too, corrected together, so that one rule cannot make up for another.

`gate.py` calls this module and stores the result for promotion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binomtest, norm, rankdata

from moderation.comment import Comment
from moderation.lifecycle.promotion import card
from moderation.lifecycle.together import with_version
from moderation.moderator import Moderator
from moderation.policy import Policy
from moderation.scoring.models import Models
from moderation.scoring.store import AnyStore, champions
from moderation.training.corpora import in_house
from moderation.training.corpora.catalogue import Row
from moderation.training.evaluation import evaluate
from moderation.training.evaluation.functional import is_held
from moderation.training.evaluation.functional_cases import Case, cases
from moderation.training.evaluation.slices import Ints, Slice, slices
from moderation.training.metrics import Bools, Floats

RESAMPLES = 300
ALPHA = 0.05
HARMLESS, HARMFUL = "harmless cases", "harmful cases"
LEVELS = (0.3, 0.5, 0.8, 0.95)  # thresholds to find matching thresholds for
IN_HOUSE = (
    evaluate.Question("written for this project, attacks", "own.attack", "personal_attack"),
    evaluate.Question("written for this project, hate", "own.hate", "identity_attack"),
    evaluate.Question("written for this project, abusive", "own.toxic", "toxicity"),
    evaluate.Question("written for this project, spam", "own.spam", "spam"),
)
"""Questions that need no public data set: the project contains the labelled comments."""


class Difference(NamedTuple):
    """The challenger's metric minus the champion's.

    `low` and `high` are the limits of the difference's 95 % interval. `p` is the p-value of the
    one-sided test whether the challenger is worse.
    """

    value: float
    low: float
    high: float
    p: float


def roc_auc(y_true: Bools, scores: Floats, sets: Ints | None = None) -> float:
    """Return the area under the ROC curve.

    A pair consists of a positive and a negative row. The area is the share of pairs in which the
    positive row has the higher score (Hanley and McNeil 1982). `sets` has the number of each row's
    data set; if it is given, only pairs from the same set count. Returns NaN if there is no such
    pair.

    >>> y_true, scores = np.array([True, False, True, False]), np.array([0.9, 0.2, 0.1, 0.3])
    >>> roc_auc(y_true, scores), roc_auc(y_true, scores, np.array([0, 0, 1, 1]))
    (0.5, 0.5)
    """
    parts = [slice(None)] if sets is None else [sets == number for number in np.unique(sets)]
    ordered = pairs = 0.0
    for part in parts:
        positive = y_true[part]
        count = int(positive.sum())
        ranks = rankdata(scores[part])[positive]
        ordered += float(ranks.sum()) - count * (count + 1) / 2
        pairs += count * (len(positive) - count)
    return ordered / pairs if pairs else float("nan")


def auc_difference(
    y_true: Bools, champion: Floats, challenger: Floats, seed: int = 0, sets: Ints | None = None
) -> Difference:
    """Return the challenger's ROC AUC minus the champion's, with a paired bootstrap interval.

    >>> y_true = np.array([True, False] * 30)
    >>> auc_difference(y_true, y_true * 0.9, y_true * 0.9).value
    0.0
    """
    rng = np.random.default_rng(seed)
    differences = []
    for _ in range(RESAMPLES):
        rows = rng.integers(0, len(y_true), len(y_true))
        resampled = None if sets is None else sets[rows]
        difference = roc_auc(y_true[rows], challenger[rows], resampled) - roc_auc(
            y_true[rows], champion[rows], resampled
        )
        if not np.isnan(difference):
            differences.append(difference)
    value = roc_auc(y_true, challenger, sets) - roc_auc(y_true, champion, sets)
    differences = differences or [value]
    deviation = float(np.std(differences))
    low, high = np.quantile(differences, [0.025, 0.975])
    p = float(norm.cdf(value / deviation)) if deviation else float(value >= 0)
    return Difference(round(value, 4), round(float(low), 4), round(float(high), 4), p)


def matching_threshold(champion: Floats, challenger: Floats, level: float) -> float:
    """Return a threshold that flags as many rows with the challenger as `level` with the champion.

    >>> matching_threshold(np.array([0.1, 0.6]), np.array([0.2, 0.9]), 0.5)
    0.9
    """
    flagged = int((champion >= level).sum())
    return round(float(np.sort(challenger)[::-1][flagged - 1]), 4) if flagged else 1.0


def significant(p_values: Mapping[str, float], alpha: float = ALPHA) -> list[str]:
    """Return the names of the metrics whose p-values are significant after Holm's correction.

    >>> significant({"a": 0.001, "b": 0.03, "c": 0.9})
    ['a']
    """
    names = []
    for rank, (name, p) in enumerate(sorted(p_values.items(), key=lambda entry: entry[1])):
        if p > alpha / (len(p_values) - rank):
            break
        names.append(name)
    return names


def compare(
    data: Path | None,
    root: AnyStore,
    model: str,
    version: str,
    *,
    seed: int = 0,
    most: int = 400,
    policy: Policy | None = None,
) -> dict[str, Any]:
    """Compare the models in use with the same models where the challenger replaces the champion.

    Both score the in-house comments. If `data` is given, they also score at most `most` rows of
    each public data set, sampled with the seed. The guideline suite consists of test sentences,
    which `policy`, by default the shipped policy, decides. In the result, `measured` counts only
    the metrics of scores that the challenger gives, because the other scores cannot differ. Raises
    `ModelError` if a model cannot be used.
    """
    used = champions(root)
    sides = Models.load(root), Models.load(root, with_version(root, used, model, version))
    rows = [
        *(row for row in in_house.rows() if row.part == "test"),
        *(evaluate.evaluation_rows(data, evaluate.sampler(most, seed)) if data else ()),
    ]
    champion, challenger = (evaluate.score_rows(side, rows).scores for side in sides)
    results: dict[str, dict[str, Any]] = {"sets": {}, "slices": {}}
    heads = card(root, model, version)["heads"]
    p_values, measured = {}, 0
    questions = *IN_HOUSE, *evaluate.QUESTIONS
    parts = [("sets", part) for part in _by_question(rows, questions)]
    parts += [("slices", part) for part in slices(rows, questions)]
    for kind, part in parts:
        if part.head not in champion or part.head not in challenger:
            continue
        measured += part.head in heads
        before, after = champion[part.head][part.rows], challenger[part.head][part.rows]
        if np.array_equal(before, after):
            continue
        results[kind][part.name], p_values[part.name] = _compare_part(part, before, after, seed)
    suite = guideline_suite([_moderator(policy or Policy.load(), side) for side in sides])
    return {
        "model": model,
        "champion": used.get(model),
        "challenger": version,
        "seed": seed,
        "most": most,
        "versions": [side.versions for side in sides],
        "measured": measured,
        **results,
        "suite": suite,
        "worse": [*significant(p_values), *suite_regressions(suite)],
    }


def _by_question(rows: Sequence[Row], questions: Iterable[evaluate.Question]) -> Iterator[Slice]:
    for question in questions:
        chosen, y_true = evaluate.binary_labels(question, rows)
        if 0 < y_true.sum() < len(y_true):
            same_set = np.zeros(len(y_true), np.int64)
            yield Slice(question.name, question.head, np.array(chosen), y_true, same_set)


def _compare_part(
    part: Slice, before: Floats, after: Floats, seed: int
) -> tuple[dict[str, Any], float]:
    """Compare the scores of the champion (`before`) and the challenger (`after`) on some rows.

    Returns a dict and the p-value of the difference in ROC AUC. The dict has both AUCs, their
    difference, and the challenger's thresholds that flag as many rows as the champion's.
    """
    difference = auc_difference(part.y_true, before, after, seed, part.sets)
    result = {
        "head": part.head,
        "rows": len(part.y_true),
        "now": round(roc_auc(part.y_true, before, part.sets), 4),
        "then": round(roc_auc(part.y_true, after, part.sets), 4),
        "difference": difference.value,
        "interval": [difference.low, difference.high],
        "thresholds": {str(level): matching_threshold(before, after, level) for level in LEVELS},
    }
    return result, difference.p


def guideline_suite(moderators: Sequence[Moderator]) -> dict[str, Any]:
    """Compare which test sentences of the guideline suite two moderators send to review or reject.

    The first moderator uses the champion, the second the challenger. The result has counts in
    total, by rule and by functionality, which is the kind of sentence that a test is about.
    """
    suite = cases()
    held = [
        [is_held(decision) for decision in side.moderate_many(Comment(case.text) for case in suite)]
        for side in moderators
    ]
    results = [*zip(suite, *held, strict=True)]
    rules = dict.fromkeys(case.rule for case in suite)
    functionalities = dict.fromkeys(case.functionality for case in suite)
    return {
        HARMLESS: compare_harmless(results),
        HARMFUL: compare_harmful(results),
        "rules": {
            rule: compare_harmful([result for result in results if result[0].rule == rule])
            for rule in rules
        },
        "functionalities": {
            name: {
                "rule": selected[0][0].rule,
                **compare_harmless(selected),
                "caught now": sum(case.harmful and champion for case, champion, _ in selected),
                "caught then": sum(case.harmful and challenger for case, _, challenger in selected),
            }
            for name in functionalities
            if (selected := [result for result in results if result[0].functionality == name])
        },
    }


def suite_regressions(suite: Mapping[str, Any]) -> list[str]:
    """Return the names of the parts of the guideline suite that became significantly worse."""
    totals = [name for name in (HARMLESS, HARMFUL) if suite[name]["p"] <= ALPHA]
    p_values = {f"{HARMFUL} of {rule}": result["p"] for rule, result in suite["rules"].items()}
    return [f"suite, {name}" for name in (*totals, *significant(p_values))]


def compare_harmless(results: Sequence[tuple[Case, bool, bool]]) -> dict[str, Any]:
    """Test whether the challenger holds more harmless cases of the suite than the champion.

    To hold a case is to send it to review or reject it. The result counts the cases that only one
    of the two models holds.
    """
    total, newly, freed = _count(results, harmful=False)
    counts = {"harmless": total, "newly held": newly, "no longer held": freed}
    return {**counts, "p": _mcnemar(newly, freed)}


def compare_harmful(results: Sequence[tuple[Case, bool, bool]]) -> dict[str, Any]:
    """Test whether the challenger holds fewer harmful cases of the suite than the champion.

    To hold a case is to send it to review or reject it. The result counts the cases that only one
    of the two models holds.
    """
    total, newly, missed = _count(results, harmful=True)
    counts = {"harmful": total, "newly caught": newly, "no longer caught": missed}
    return {**counts, "p": _mcnemar(missed, newly)}


def _count(results: Sequence[tuple[Case, bool, bool]], *, harmful: bool) -> tuple[int, int, int]:
    """Return three numbers of cases that are harmful, or harmless if `harmful` is false.

    The first counts all these cases, the second those that only the challenger holds, and the third
    those that only the champion holds. To hold a case is to send it to review or reject it.
    """
    sides = [
        (champion, challenger) for case, champion, challenger in results if case.harmful == harmful
    ]
    only_challenger = sum(challenger and not champion for champion, challenger in sides)
    only_champion = sum(champion and not challenger for champion, challenger in sides)
    return len(sides), only_challenger, only_champion


def _mcnemar(worse: int, better: int) -> float:
    """Return the p-value of McNemar's one-sided exact test.

    `worse` counts the cases that only the old model decides correctly, and `better` those that only
    the new one does.
    """
    if not worse + better:
        return 1.0
    return round(float(binomtest(worse, worse + better, alternative="greater").pvalue), 4)


def _moderator(policy: Policy, models: Models) -> Moderator:
    """Return a moderator that does not compute which words explain a score, to save time."""
    return Moderator(policy, models, explains=False)


def changes(
    root: AnyStore, model: str, version: str, texts: Iterable[str], policy: Policy | None = None
) -> dict[str, Any]:
    """Decide the texts with the champion and the challenger, and return those decided differently.

    The text whose scores differ most comes first.
    """
    used = champions(root)
    policy = policy or Policy.load()
    champion = _moderator(policy, Models.load(root))
    challenger = _moderator(policy, Models.load(root, with_version(root, used, model, version)))
    comments = list(map(Comment, texts))
    changed = []
    pairs = zip(
        comments,
        champion.moderate_many(comments),
        challenger.moderate_many(comments),
        strict=True,
    )
    for comment, before, after in pairs:
        if before.action != after.action:
            moved = max(
                (abs(after.scores[head] - value) for head, value in before.scores.items()),
                default=0.0,
            )
            entry = {"from": str(before.action), "to": str(after.action), "text": comment.text}
            changed.append({"moved": round(moved, 4), **entry})
    changed.sort(key=lambda entry: -float(str(entry["moved"])))
    share = len(changed) / max(len(comments), 1)
    return {"comments": len(comments), "share": round(share, 4), "changed": changed}
