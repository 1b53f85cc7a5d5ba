"""The guideline suite: functional tests of a newspaper's rules, each with its harmless twin.

`data/guideline_suite.toml` holds the sentences with slots, `data/guideline_suite.csv` the
filled cases. The part `test` is only ever tested on; whole functionalities stay together with
their twins, and the split goes by template, so that no wording is on both sides.
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

FILLINGS = 3  # of each template: enough to see a name or a group that is treated unlike others
_SLOT = regex.compile(r"\{(\w+)\}")
# Slots whose filling stands for an identity; the twin has the same filling where it has the slot.
IDENTITIES = ("group", "religion", "caste", "region", "language", "gender", "nation", "member")


class Case(NamedTuple):
    """One sentence: what it tests, whether it must be caught, and its twin's number."""

    id: str
    twin: str
    functionality: str
    rule: str
    harmful: bool
    identity: str
    part: str
    text: str


def cases(path: Path = SUITE) -> list[Case]:
    """All cases of the suite.

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
    """Every template with its slots filled, harmful and harmless twin in turn."""
    content = tomllib.loads(templates.read_text("utf-8"))
    pick = random.Random(seed)  # noqa: S311 - which names stand where, not a secret
    wheels = {
        slot: itertools.cycle(pick.sample(words, len(words)) if seed else words)
        for slot, words in content["slots"].items()
    }
    numbers = itertools.count(1)
    for functionality in content["functionality"]:
        for place, pair in enumerate(functionality["pairs"]):
            slots = sorted(set(_SLOT.findall(" ".join(pair))))
            for _ in range(FILLINGS if slots else 1):
                filling = {slot: next(wheels[slot]) for slot in slots}
                number = next(numbers)
                # Two templates of five are kept for testing.
                part = "test" if place >= 3 else "tune"
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
    """Fill the templates into `path`; how many cases."""
    rows = list(fill())
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Case._fields)
        writer.writerows(({**row._asdict(), "harmful": int(row.harmful)}.values()) for row in rows)
    return len(rows)


if __name__ == "__main__":
    write()
