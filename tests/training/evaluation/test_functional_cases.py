"""The guideline suite is what its templates say, with a harmless twin for each harmful case."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from moderation import rules
from moderation.training.evaluation import functional_cases

CASES = functional_cases.cases()


def test_the_cases_are_the_templates_filled(tmp_path: Path) -> None:
    """Nobody edits the CSV by hand: it is written from the templates, always the same."""
    written = tmp_path / "suite.csv"
    functional_cases.write(written)
    assert written.read_text("utf-8") == functional_cases.SUITE.read_text("utf-8")


def test_every_harmful_case_has_a_harmless_twin() -> None:
    """A model that only counts words would fail one of the two."""
    by_id = {case.id: case for case in CASES}
    for case in CASES:
        twin = by_id[case.twin]
        assert (twin.twin, twin.harmful) == (case.id, not case.harmful)
        assert twin.text != case.text


def test_it_is_as_large_as_it_claims() -> None:
    """At least 1,200 cases in at least 40 functionalities, for rules that exist."""
    assert len(CASES) >= 1200
    assert len({case.functionality for case in CASES}) >= 40
    assert {case.rule for case in CASES} <= rules.all_rules().keys()


def test_no_wording_stands_on_both_sides_of_the_split() -> None:
    """The test part holds templates of its own, in every functionality."""
    parts = {part: {case.text for case in CASES if case.part == part} for part in ("tune", "test")}
    assert not parts["tune"] & parts["test"]
    counted = Counter((case.functionality, case.part) for case in CASES)
    assert all(counted[case.functionality, "test"] >= 4 for case in CASES)


def test_no_slot_is_left_open() -> None:
    """Every sentence is one that somebody could have written."""
    assert not [case.text for case in CASES if "{" in case.text or "}" in case.text]
