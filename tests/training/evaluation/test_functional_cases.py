"""The guideline suite matches its templates and has a harmless twin for each harmful case."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from moderation import rules
from moderation.training.evaluation import functional_cases

CASES = functional_cases.cases()


def test_the_cases_are_the_templates_filled(tmp_path: Path) -> None:
    """The CSV is exactly what the templates give, so it was not edited by hand."""
    written = tmp_path / "suite.csv"
    functional_cases.write(written)
    assert written.read_text("utf-8") == functional_cases.SUITE.read_text("utf-8")


def test_every_harmful_case_has_a_harmless_twin() -> None:
    """A model that only counts words would fail on one of the two."""
    by_id = {case.id: case for case in CASES}
    for case in CASES:
        twin = by_id[case.twin]
        assert (twin.twin, twin.harmful) == (case.id, not case.harmful)
        assert twin.text != case.text


def test_the_suite_is_large() -> None:
    """It has at least 1,200 cases in at least 40 functionalities, for rules that exist."""
    assert len(CASES) >= 1200
    assert len({case.functionality for case in CASES}) >= 40
    assert {case.rule for case in CASES} <= rules.all_rules().keys()


def test_no_wording_is_in_both_parts() -> None:
    """The test part has templates of its own in every functionality."""
    parts = {part: {case.text for case in CASES if case.part == part} for part in ("tune", "test")}
    assert not parts["tune"] & parts["test"]
    counts = Counter((case.functionality, case.part) for case in CASES)
    assert all(counts[case.functionality, "test"] >= 4 for case in CASES)


def test_no_slot_is_left_open() -> None:
    """Every slot of every sentence is filled."""
    assert not [case.text for case in CASES if "{" in case.text or "}" in case.text]
