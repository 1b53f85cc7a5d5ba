"""Measure unintended bias: whether scores are wrong more often for comments about some groups.

For each group of people there are three ROC AUCs (Borkan et al.: Nuanced Metrics for Measuring
Unintended Bias, WWW 2019):

- `subgroup` is measured on the comments that mention the group.
- `bpsn` (background positive, subgroup negative) is measured on the harmless comments that mention
  the group and the abusive ones that mention no group. This AUC is low if the mention alone raises
  the score.
- `bnsp` (background negative, subgroup positive) is measured on the abusive comments that mention
  the group and the harmless ones that mention no group.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import regex

from moderation.training import metrics
from moderation.training.metrics import Bools, Floats

MIN_ROWS = 8  # positive and negative rows each that an AUC needs

_WORDS = {
    "Muslims": r"muslims?|islam(?:ic)?",
    "Hindus": r"hindus?|hinduism",
    "Christians": r"christians?|catholics?",
    "Sikhs": r"sikhs?",
    "Jews": r"jews?|jewish",
    "Dalits and castes": r"dalits?|brahmins?|castes?",
    "Black people": r"blacks?|african(?:s|[ -]americans?)?",
    "white people": r"whites?|caucasians?",
    "Asians": r"asians?|chinese|japanese|indians?",
    "women": r"wom[ae]n|girls?|females?",
    "men": r"m[ae]n|boys?|males?",
    "gay and lesbian people": r"gays?|lesbians?|homosexuals?|queer|lgbtq?",
    "trans people": r"trans(?:gender)?",
    "immigrants": r"immigrants?|refugees?|migrants?",
    "disabled people": r"disabled|blind|deaf|autistic",
    "old and young people": r"elderly|old(?:er)?|young(?:er)?|teenagers?",
}
GROUPS = {name: regex.compile(rf"(?i)\b(?:{words})\b") for name, words in _WORDS.items()}


def mentions(texts: Sequence[str]) -> dict[str, Bools]:
    """Return a mask of the texts for each group. It is true for the texts that mention the group.

    >>> [name for name, mask in mentions(["I am a gay man."]).items() if mask[0]]
    ['men', 'gay and lesbian people']
    """
    return {
        name: np.array([bool(pattern.search(text)) for text in texts], bool)
        for name, pattern in GROUPS.items()
    }


def group_aucs(
    texts: Sequence[str], y_true: Bools, scores: Floats, seed: int = 0
) -> dict[str, Any]:
    """Return three ROC AUCs with 95 % intervals for each group of people.

    The AUCs are `subgroup`, `bpsn` and `bnsp`, which the module describes. Groups that few comments
    mention are left out.
    """
    by_group = mentions(texts)
    any_group = np.any(list(by_group.values()), axis=0)
    return {
        name: aucs
        for name, mentioned in by_group.items()
        if (aucs := dict(_aucs(mentioned, ~any_group, y_true, scores, seed)))
    }


def subsets(mentioned: Bools, others: Bools, y_true: Bools) -> dict[str, Bools]:
    """Return, for each of three AUCs, the mask of the rows that it is measured on.

    The AUCs are `subgroup`, `bpsn` (background positive, subgroup negative) and `bnsp` (background
    negative, subgroup positive).

    `mentioned` is the mask of the rows that mention the group, `others` that of the rows that
    mention no group.

    >>> both = np.array([True, True, False]), np.array([False, False, True])
    >>> subsets(*both, y_true=np.array([True, False, True]))["bpsn"].tolist()
    [False, True, True]
    """
    return {
        "subgroup": mentioned,
        "bpsn": (mentioned & ~y_true) | (others & y_true),
        "bnsp": (mentioned & y_true) | (others & ~y_true),
    }


def _aucs(
    mentioned: Bools, others: Bools, y_true: Bools, scores: Floats, seed: int
) -> Iterator[tuple[str, Any]]:
    positive, negative = int((mentioned & y_true).sum()), int((mentioned & ~y_true).sum())
    if min(positive, negative) < MIN_ROWS:
        return
    for name, rows in subsets(mentioned, others, y_true).items():
        measured = metrics.measure(y_true[rows], scores[rows], seed)
        yield name, {"rows": measured["rows"], **measured["auc"]}


def false_alarms(texts: Sequence[str], flagged: Bools) -> dict[str, dict[str, float]]:
    """Return how many harmless texts mention each group, and which share of them is flagged."""
    return {
        name: {"rows": int(mask.sum()), "flagged": round(float(flagged[mask].mean()), 4)}
        for name, mask in mentions(texts).items()
        if mask.sum() >= MIN_ROWS
    }
