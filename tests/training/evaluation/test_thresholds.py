"""thresholds: the rules are asked as in service, and the answer is a policy that can be used."""

from pathlib import Path

import pytest

from moderation import Policy
from moderation.cli import run
from moderation.scoring.models import Models
from moderation.training.evaluation import thresholds
from moderation.training.evaluation.thresholds import LabelledError

FINE = ["The budget vote is on Friday.", "Thank you for this report.", "I disagree with the mayor."]
RUDE = ["You are an idiot.", "What a stupid moron you are.", "Shut up, you pathetic liar."]


def labelled(folder: Path, rows: int = 300) -> Path:
    """A newsroom's file: numbered so that no two comments are the same."""
    lines = ["text,label"]
    for number in range(rows):
        lines.append(f'"{FINE[number % 3]} ({number})",0')
        lines.append(f'"{RUDE[number % 3]} ({number})",1')
    path = folder / "own.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_fit_prints_a_policy_and_draws_a_plot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is printed can be used as it is, and the plot names the rule."""
    plot = tmp_path / "plot.svg"
    budget = "approved-abusive=5%,rejected-fine=20%"
    asked = ["policy", "fit", "--labelled", str(labelled(tmp_path)), "--budget", budget]
    assert run([*asked, "--base-rate", "0.2", "--plot", str(plot)]) == 0
    printed = capsys.readouterr().out
    mine = tmp_path / "mine.toml"
    mine.write_text(printed, "utf-8")
    fitted = Policy.load(mine).rules["abuse"].thresholds
    assert 0 < float(fitted.review) <= float(fitted.reject) < 1
    assert "# base rate 20.00%" in printed
    content = plot.read_text("utf-8")
    assert content.startswith("<svg")
    assert "abuse" in content


def test_thresholds_that_keep_nothing_are_a_comment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two comments show nothing: no table to use is printed, and the exit code says so."""
    asked = ["policy", "fit", "--labelled", str(labelled(tmp_path, 1))]
    assert run([*asked, "--budget", "approved-abusive=1%"]) == 1
    said = capsys.readouterr()
    assert "no threshold keeps the budget of abuse" in said.err
    assert "# review = 0.02" in said.out
    mine = tmp_path / "mine.toml"
    mine.write_text(said.out, "utf-8")
    assert Policy.load(mine).rules == Policy.load().rules


def test_only_the_rule_in_question_looks() -> None:
    """The others are switched off, so that fitting is quick and nothing else is measured."""
    moderator = thresholds.alone(Policy.load(), Models.load(), "abuse")
    assert list(moderator.policy.rules) == ["abuse"]
    scores = thresholds.scores(moderator, [RUDE[0], FINE[0]], "abuse")
    assert scores[0] > 0.5
    assert scores[1] == 0


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "text,verdict\nx,1\n", "no column 'label'"),
        ("a.csv", "text,label\nFine.,maybe\n", "line 2: 'label' is 1 or 0, not 'maybe'"),
        ("a.jsonl", '{"text": "Fine.", "label": 1}\nnonsense\n', "line 2: is not a JSON object"),
        ("a.jsonl", '{"label": 1}\n', "line 1: 'text' is missing"),
    ],
    ids=["column", "label", "line", "text"],
)
def test_a_file_that_does_not_fit_is_named(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    """File, line and column stand in the message."""
    path = tmp_path / name
    path.write_text(content, "utf-8")
    with pytest.raises(LabelledError, match=said):
        thresholds.own(path)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--budget", "approved-abusive=1%"], "either --data or --labelled"),
        (["--budget", "nonsense", "--labelled", "FILE"], "no part of a budget"),
    ],
)
def test_wrong_usage_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: list[str], said: str
) -> None:
    """Exit code 2 and a sentence."""
    own = str(labelled(tmp_path, 2))
    assert run(["policy", "fit", *(own if a == "FILE" else a for a in asked)]) == 2
    assert said in capsys.readouterr().err
