"""Is a group treated unlike others? Areas with and without its mention, and false alarms on it.

For each group three areas under the ROC curve (Borkan et al.: Nuanced Metrics for Measuring
Unintended Bias, WWW 2019): `subgroup` of the comments that mention it; `bpsn` of its harmless
comments against abusive ones without a mention, low where the mention alone raises the score;
`bnsp` of its abusive comments against harmless ones without a mention.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import regex

from moderation.training import metrics
from moderation.training.metrics import Bools, Floats

LEAST = 8  # rows of either kind that an area needs

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
    """Which texts mention each group.

    >>> [name for name, found in mentions(["I am a gay man."]).items() if found[0]]
    ['men', 'gay and lesbian people']
    """
    return {
        name: np.array([bool(pattern.search(text)) for text in texts], bool)
        for name, pattern in GROUPS.items()
    }


def areas(texts: Sequence[str], said: Bools, scores: Floats, seed: int = 0) -> dict[str, Any]:
    """The three areas for each group that is mentioned often enough, with 95 % intervals."""
    found = mentions(texts)
    anybody = np.any(list(found.values()), axis=0)
    return {
        name: parts
        for name, mentioned in found.items()
        if (parts := dict(_areas(mentioned, ~anybody, said, scores, seed)))
    }


def kinds(mentioned: Bools, others: Bools, said: Bools) -> dict[str, Bools]:
    """The rows of each area: by which mention the group, and which mention nobody.

    >>> both = np.array([True, True, False]), np.array([False, False, True])
    >>> kinds(*both, said=np.array([True, False, True]))["bpsn"].tolist()
    [False, True, True]
    """
    return {
        "subgroup": mentioned,
        "bpsn": (mentioned & ~said) | (others & said),
        "bnsp": (mentioned & said) | (others & ~said),
    }


def _areas(
    mentioned: Bools, others: Bools, said: Bools, scores: Floats, seed: int
) -> Iterator[tuple[str, Any]]:
    own = min(int((mentioned & said).sum()), int((mentioned & ~said).sum()))
    for name, rows in kinds(mentioned, others, said).items():
        if own >= LEAST:
            measured = metrics.measure(said[rows], scores[rows], seed)
            yield name, {"rows": measured["rows"], **measured["auc"]}


def false_alarms(texts: Sequence[str], flagged: Bools) -> dict[str, dict[str, float]]:
    """Of harmless texts that mention each group: how many there are, and the share flagged."""
    return {
        name: {"rows": int(found.sum()), "flagged": round(float(flagged[found].mean()), 4)}
        for name, found in mentions(texts).items()
        if found.sum() >= LEAST
    }
