"""Perspective's thresholds become a policy, and the differences a report."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from moderation import Policy
from moderation.cli import run
from moderation.perspective import differences, thresholds
from moderation.perspective.thresholds import Thresholds, ThresholdsError


def printed(capsys: pytest.CaptureFixture[str], folder: Path, text: str, *more: str) -> str:
    """Return what the command prints for these thresholds."""
    file = folder / "thresholds.toml"
    file.write_text(text, "utf-8")
    assert run(["migrate", "perspective", "--thresholds", str(file), *more]) == 0
    return capsys.readouterr().out


def test_the_printed_text_is_a_policy(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """`moderation policy check` accepts it, with all kinds of attributes."""
    text = """
    TOXICITY = 0.8
    "SEVERE_TOXICITY@2" = {reject = 0.7}
    ATTACK_ON_AUTHOR = {review = 0.6, reject = 0.9}
    ATTACK_ON_COMMENTER = {review = 0.5}
    THREAT_EXPERIMENTAL = 0.4
    INCOHERENT = 0.7
    UNSUBSTANTIAL = 0.6
    LIKELY_TO_REJECT = 0.9
    AFFINITY_EXPERIMENTAL = 0.5
    """
    printed_policy = printed(capsys, tmp_path, text)
    policy = tmp_path / "mine.toml"
    policy.write_text(printed_policy, "utf-8")
    assert run(["policy", "check", str(policy)]) == 0
    tables = tomllib.loads(printed_policy)
    assert tables["personal_attack"] == {"review": 0.5, "reject": 0.9}
    assert tables["incendiary"] == {"review": 0.4, "reject": "never"}
    assert tables["abuse"] == {"review": thresholds.abuse_score(0.8), "reject": "never"}
    for name in ("SEVERE_TOXICITY", "UNSUBSTANTIAL", "LIKELY_TO_REJECT", "AFFINITY_EXPERIMENTAL"):
        assert f"# {name}: " in printed_policy


def test_other_rules_can_only_watch(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A newsroom that had one threshold can start with one rule."""
    printed_policy = printed(
        capsys, tmp_path, "TOXICITY = {review = 0.8, reject = 0.9}", "--watch-others"
    )
    rules = Policy.load(tomllib.loads(printed_policy)).rules.values()
    assert [rule.name for rule in rules if not rule.thresholds.shadow] == ["abuse"]


def test_high_thresholds_still_reach_a_person(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The rule's ceiling for comments that address no person is raised to the threshold."""
    high = tomllib.loads(printed(capsys, tmp_path, "TOXICITY = {review = 0.85, reject = 0.9}"))
    assert high["abuse"]["most_unaimed"] == high["abuse"]["review"] < high["abuse"]["reject"]
    usual = tomllib.loads(printed(capsys, tmp_path, "TOXICITY = 0.8"))
    assert "most_unaimed" not in usual["abuse"]


def test_json_is_read_too(tmp_path: Path) -> None:
    """A setting of Discourse or a script may be JSON."""
    file = tmp_path / "thresholds.json"
    file.write_text('{"TOXICITY": {"review": 0.85, "reject": 0.9}, "SPAM": 1}', "utf-8")
    assert thresholds.read(file) == {
        "TOXICITY": Thresholds(0.85, 0.9),
        "SPAM": Thresholds(1.0, None),
    }


def test_the_measured_scores_rise() -> None:
    """A higher threshold of Perspective never gives a lower one here, and each is a score."""
    mapped = [thresholds.abuse_score(share / 100) for share in range(101)]
    assert mapped == sorted(mapped)
    assert (mapped[0], mapped[-1]) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("TOXICITY = 80", "TOXICITY: must be a number from 0 to 1, not 80"),
        ("TOXICITY = true", "TOXICITY: must be a number from 0 to 1"),
        ("TOXICTY = 0.8", "TOXICTY: not an attribute of Perspective"),
        ("TOXICITY = {hide = 0.8}", "TOXICITY: give it review, reject or both, not hide"),
        ("TOXICITY = {}", "TOXICITY: give it review, reject or both, not none"),
        ("TOXICITY = {review = 0.9, reject = 0.8}", "TOXICITY: reject must not be below review"),
        ("", "names no attribute"),
        ("TOXICITY", "cannot be read"),
    ],
)
def test_wrong_thresholds(tmp_path: Path, text: str, message: str) -> None:
    """The error says what is wrong and what is allowed. The exit code is that of wrong input."""
    file = tmp_path / "thresholds.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ThresholdsError, match=message):
        thresholds.read(file)
    assert run(["migrate", "perspective", "--thresholds", str(file)]) == 2


def test_differences_are_reported(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The report has the threshold here for each of Perspective's, if there are enough comments."""
    file = tmp_path / "both.jsonl"
    scores = np.linspace(0, 1, 101)
    lines = [{"at": "", "scores": {"TOXICITY": [score / 2, score]}} for score in scores.tolist()]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    assert run(["migrate", "differences", str(file)]) == 0
    report = capsys.readouterr().out
    assert "TOXICITY: 101 comments" in report
    assert "mean score: 0.250 here, 0.500 in Perspective" in report
    same = "21 comments; as many have 0.400 or more here, 21 of them are the same"
    assert f"Perspective from 0.80: {same}" in report
    assert "Perspective from 0.90: 11 comments, too few to find the threshold here" in report


def test_a_file_of_something_else(tmp_path: Path) -> None:
    """The error names the line."""
    file = tmp_path / "both.jsonl"
    file.write_text('{"scores": {}}\n{"text": "a"}\n', "utf-8")
    with pytest.raises(differences.DifferencesError, match="line 2"):
        differences.read(file)
