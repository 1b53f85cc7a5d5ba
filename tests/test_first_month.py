"""Each command of the page on the first month gives the output shown."""

import re
import sys
from itertools import zip_longest
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "first-month.md"
sys.path.insert(0, str(PAGE.parent))
import walk  # noqa: E402 - a script in the folder of the page

# Differs between runs: ids, versions, hashes and times.
VARIABLE = re.compile(
    r"\b(?:\d{4}-\d\d-\d\d(?:[T ][\d:.]+(?:\+\d\d:\d\d)?)?|(?=[a-f]*\d)[0-9a-f]{8,64})\b"
)
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
TOLERANCE = 0.15  # of a figure; results differ slightly between processors


def same(shown: str, printed: str) -> bool:
    """Whether a printed line equals the line shown, apart from what differs between runs."""
    shown, printed = (VARIABLE.sub("#", " ".join(line.split())) for line in (shown, printed))
    if NUMBER.sub("0", shown) != NUMBER.sub("0", printed):
        return False
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=True)
    return all(_near(*(float(number.replace(",", "")) for number in pair)) for pair in pairs)


def _near(shown: float, printed: float) -> bool:
    return abs(shown - printed) <= max(0.15, TOLERANCE * abs(shown))


@pytest.mark.parametrize(
    ("shown", "printed", "is_same"),
    [
        ("165 comments: 150 approve", "165 comments: 151 approve", True),
        ("165 comments: 150 approve", "165 comments: 100 approve", False),
        (
            "abuse: 2026-11-23-bc1d1d3 -> 1a2b3c4d5e",
            "abuse: 2026-11-23-bc1d1d3 -> 5e4d3c2b1a",
            True,
        ),
        ("p = 0.031", "p = 0.052", True),
        ("toxicity .21 stable", "toxicity .21 moved", False),
        ("3 rules act", "3  rules act", True),
    ],
)
def test_what_counts_as_the_same(shown: str, printed: str, is_same: bool) -> None:
    """Words must be equal and figures nearly equal. Ids may differ."""
    assert same(shown, printed) is is_same


def test_commands_give_the_output_shown() -> None:
    """Each command prints what the page shows below it."""
    page = PAGE.read_text("utf-8")
    walked = walk.walk(page)
    different = [
        f"shown:   {shown}\nprinted: {printed}"
        for shown, printed in zip_longest(page.splitlines(), walked.splitlines(), fillvalue="")
        if not same(shown, printed)
    ]
    assert not different, "\n".join(["run `make walk` to update the page", *different[:9]])
