"""The first month is told as it happens: every command of the page is done, in a copy, as shown."""

import re
import sys
from itertools import zip_longest
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "first-month.md"
sys.path.insert(0, str(PAGE.parent))
import walk  # noqa: E402 - a script, beside the page

# What is another in every run: ids, versions and hashes, moments, addresses of the day.
NEW = re.compile(
    r"\b(?:\d{4}-\d\d-\d\d(?:[T ][\d:.]+(?:\+\d\d:\d\d)?)?|(?=[a-f]*\d)[0-9a-f]{8,64})\b"
)
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
NEAR = 0.15  # of a figure; another processor computes a little otherwise, and others wait longer


def same(shown: str, said: str) -> bool:
    """Whether a line says what the page shows, but for what is another in every run."""
    shown, said = (NEW.sub("#", " ".join(line.split())) for line in (shown, said))
    if NUMBER.sub("0", shown) != NUMBER.sub("0", said):
        return False
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(said), strict=True)
    return all(_near(*(float(it.replace(",", "")) for it in pair)) for pair in pairs)


def _near(shown: float, said: float) -> bool:
    return abs(shown - said) <= max(0.15, NEAR * abs(shown))


@pytest.mark.parametrize(
    ("shown", "said", "is_same"),
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
def test_what_counts_as_the_same(shown: str, said: str, is_same: bool) -> None:
    """Words must agree, figures nearly, ids need not."""
    assert same(shown, said) is is_same


def test_the_month_goes_as_the_page_tells() -> None:
    """Every command says what stands under it."""
    page = PAGE.read_text("utf-8")
    walked = walk.walk(page)
    other = [
        f"shown: {shown}\n said: {said}"
        for shown, said in zip_longest(page.splitlines(), walked.splitlines(), fillvalue="")
        if not same(shown, said)
    ]
    assert not other, "\n".join(["make walk writes the page anew", *other[:9]])
