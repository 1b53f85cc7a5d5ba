"""Perspective's thresholds as a policy, and the report of the differences."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from moderation import Policy
from moderation.cli import run
from moderation.perspective import differences, thresholds
from moderation.perspective.thresholds import ThresholdsError, Wanted


def printed(capsys: pytest.CaptureFixture[str], folder: Path, text: str, *more: str) -> str:
    """What the command prints for such thresholds."""
    file = folder / "thresholds.toml"
    file.write_text(text, "utf-8")
    assert run(["migrate", "perspective", "--thresholds", str(file), *more]) == 0
    return capsys.readouterr().out


def test_what_is_printed_is_a_policy(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """`moderation policy check` takes it, whatever was asked."""
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
    made = printed(capsys, tmp_path, text)
    policy = tmp_path / "mine.toml"
    policy.write_text(made, "utf-8")
    assert run(["policy", "check", str(policy)]) == 0
    tables = tomllib.loads(made)
    assert tables["personal_attack"] == {"review": 0.5, "reject": 0.9}
    assert tables["incendiary"] == {"review": 0.4, "reject": "never"}
    assert tables["abuse"] == {"review": thresholds.toxicity(0.8), "reject": "never"}
    for name in ("SEVERE_TOXICITY", "UNSUBSTANTIAL", "LIKELY_TO_REJECT", "AFFINITY_EXPERIMENTAL"):
        assert f"# {name}: " in made


def test_nothing_else_acts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Who had one threshold can begin with one rule."""
    made = printed(capsys, tmp_path, "TOXICITY = {review = 0.8, reject = 0.9}", "--watch-others")
    rules = Policy.load(tomllib.loads(made)).rules.values()
    assert [rule.name for rule in rules if not rule.thresholds.shadow] == ["abuse"]


def test_high_thresholds_still_reach_a_person(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The rule's own ceiling where nobody is meant must not stand under the threshold."""
    high = tomllib.loads(printed(capsys, tmp_path, "TOXICITY = {review = 0.85, reject = 0.9}"))
    assert high["abuse"]["most_unaimed"] == high["abuse"]["review"] < high["abuse"]["reject"]
    usual = tomllib.loads(printed(capsys, tmp_path, "TOXICITY = 0.8"))
    assert "most_unaimed" not in usual["abuse"]


def test_json_is_read_too(tmp_path: Path) -> None:
    """As a setting of Discourse or a script may hold it."""
    file = tmp_path / "thresholds.json"
    file.write_text('{"TOXICITY": {"review": 0.85, "reject": 0.9}, "SPAM": 1}', "utf-8")
    assert thresholds.read(file) == {"TOXICITY": Wanted(0.85, 0.9), "SPAM": Wanted(1.0, None)}


def test_the_measured_map_rises() -> None:
    """A higher threshold of theirs is no lower one of ours, and each is a score."""
    mapped = [thresholds.toxicity(share / 100) for share in range(101)]
    assert mapped == sorted(mapped)
    assert (mapped[0], mapped[-1]) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("TOXICITY = 80", "TOXICITY: must be a number from 0 to 1, not 80"),
        ("TOXICITY = true", "TOXICITY: must be a number from 0 to 1"),
        ("TOXICTY = 0.8", "TOXICTY: no attribute of Perspective that is known"),
        ("TOXICITY = {hide = 0.8}", "TOXICITY: give it review, reject or both, not hide"),
        ("TOXICITY = {}", "TOXICITY: give it review, reject or both, not none"),
        ("TOXICITY = {review = 0.9, reject = 0.8}", "TOXICITY: reject must not be below review"),
        ("", "names no attribute"),
        ("TOXICITY", "cannot be read"),
    ],
)
def test_thresholds_that_are_none(tmp_path: Path, text: str, said: str) -> None:
    """Named, with what would be right; as a command that is wrong input."""
    file = tmp_path / "thresholds.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ThresholdsError, match=said):
        thresholds.read(file)
    assert run(["migrate", "perspective", "--thresholds", str(file)]) == 2


def test_differences_are_reported(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Which score of ours speaks as often as theirs, where enough comments tell."""
    file = tmp_path / "both.jsonl"
    scores = np.linspace(0, 1, 101)
    lines = [{"at": "", "scores": {"TOXICITY": [one / 2, one]}} for one in scores.tolist()]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    assert run(["migrate", "differences", str(file)]) == 0
    told = capsys.readouterr().out
    assert "TOXICITY: 101 comments" in told
    assert "theirs from 0.80: 21 comments; as many are ours from 0.400, of them 21 the same" in told
    assert "theirs from 0.90: 11 comments, too few to tell" in told


def test_a_file_of_something_else(tmp_path: Path) -> None:
    """The line is named."""
    file = tmp_path / "both.jsonl"
    file.write_text('{"scores": {}}\n{"text": "a"}\n', "utf-8")
    with pytest.raises(differences.DifferencesError, match="line 2"):
        differences.read(file)
