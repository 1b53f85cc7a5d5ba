"""The guideline suite: sentences that test whether a moderator applies a newspaper's rules.

Each harmful case has a twin: a harmless sentence in similar words. `data/guideline_suite.toml` has
the templates, which are sentences with slots. `data/guideline_suite.csv` has the cases, in which
the slots are filled. The suite has two parts. Cases of the part `test` are never used for tuning.
All cases of a template and their twins are in the same part.
"""

from __future__ import annotations

import csv
import itertools
import random
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import regex

from moderation.paths import DATA

SUITE = DATA / "guideline_suite.csv"
TEMPLATES = SUITE.with_suffix(".toml")

FILLINGS = 3  # per template: enough to see if a name or a group is treated unlike others
_SLOT = regex.compile(r"\{(\w+)\}")
# Slots that name an identity. A case and its twin have the same filling for the same slot.
IDENTITIES = ("group", "religion", "caste", "region", "language", "gender", "nation", "member")


class Case(NamedTuple):
    """A test sentence of the guideline suite.

    `functionality` is the kind of sentence that is tested. `twin` is the id of the case in similar
    words that is harmless if this case is harmful, and the reverse. `harmful` is true if a rule
    must send the sentence to review or reject it.
    """

    id: str
    twin: str
    functionality: str
    rule: str
    harmful: bool
    identity: str
    part: str
    text: str


def cases(path: Path = SUITE) -> list[Case]:
    """Return all test sentences of the guideline suite.

    >>> first = cases()[0]
    >>> first.harmful, first.rule, first.text
    (True, 'personal_attack', 'Ravi, you are an idiot.')
    """
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Case(**{**row, "harmful": row["harmful"] == "1"})  # type: ignore[arg-type]  # bool above
            for row in csv.DictReader(file)
        ]


def fill(templates: Path = TEMPLATES, seed: int = 0) -> Iterator[Case]:
    """Yield test sentences made from all templates of the guideline suite.

    A template is a sentence that may have slots for words. A template with slots gives several
    cases. Each harmful case is followed by its twin, a harmless sentence in similar words.
    """
    content = tomllib.loads(templates.read_text("utf-8"))
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    fillings = {
        slot: itertools.cycle(rng.sample(words, len(words)) if seed else words)
        for slot, words in content["slots"].items()
    }
    numbers = itertools.count(1)
    for functionality in content["functionality"]:
        for index, pair in enumerate(functionality["pairs"]):
            slots = sorted(set(_SLOT.findall(" ".join(pair))))
            for _ in range(FILLINGS if slots else 1):
                filling = {slot: next(fillings[slot]) for slot in slots}
                number = next(numbers)
                # Two of five templates are kept for testing.
                part = "test" if index >= 3 else "tune"
                identity = next((filling[slot] for slot in slots if slot in IDENTITIES), "")
                for harmful, template in zip((True, False), pair, strict=True):
                    yield Case(
                        id=f"{number}{'a' if harmful else 'b'}",
                        twin=f"{number}{'b' if harmful else 'a'}",
                        functionality=functionality["name"],
                        rule=functionality["rule"],
                        harmful=harmful,
                        identity=identity,
                        part=part,
                        text=_filled(template, filling),
                    )


def _filled(template: str, filling: dict[str, str]) -> str:
    text = _SLOT.sub(lambda slot: filling[slot[1]], template)
    return text[:1].upper() + text[1:] if template[:1] == "{" else text


def write(path: Path = SUITE) -> int:
    """Write the test sentences made from all templates to `path`, and return their number."""
    rows = list(fill())
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Case._fields)
        writer.writerows(({**row._asdict(), "harmful": int(row.harmful)}.values()) for row in rows)
    return len(rows)


if __name__ == "__main__":
    write()
