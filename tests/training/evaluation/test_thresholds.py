"""thresholds: the scores are those of the service, and the result is a valid policy."""

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
    """Write a newsroom's file; the comments are numbered, so that all are different."""
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
    """The output is a valid policy, and the plot names the rule."""
    plot = tmp_path / "plot.svg"
    budget = "approved-abusive=5%,rejected-fine=20%"
    command = ["policy", "fit", "--labelled", str(labelled(tmp_path)), "--budget", budget]
    assert run([*command, "--base-rate", "0.2", "--plot", str(plot)]) == 0
    printed = capsys.readouterr().out
    policy = tmp_path / "mine.toml"
    policy.write_text(printed, "utf-8")
    thresholds = Policy.load(policy).rules["abuse"].thresholds
    assert 0 < float(thresholds.review) <= float(thresholds.reject) < 1
    assert "# base rate 20.00%" in printed
    content = plot.read_text("utf-8")
    assert content.startswith("<svg")
    assert "abuse" in content


def test_thresholds_that_keep_nothing_are_a_comment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two comments prove nothing: the table is a comment, and the exit code is 1."""
    command = ["policy", "fit", "--labelled", str(labelled(tmp_path, 1))]
    assert run([*command, "--budget", "approved-abusive=1%"]) == 1
    printed = capsys.readouterr()
    assert "no threshold keeps the budget of abuse" in printed.err
    assert "# review = 0.02" in printed.out
    policy = tmp_path / "mine.toml"
    policy.write_text(printed.out, "utf-8")
    assert Policy.load(policy).rules == Policy.load().rules


def test_only_the_rule_in_question_is_enabled() -> None:
    """The others are off, so fitting is quick and measures nothing else."""
    moderator = thresholds.single_rule(Policy.load(), Models.load(), "abuse")
    assert list(moderator.policy.rules) == ["abuse"]
    scores = thresholds.rule_scores(moderator, [RUDE[0], FINE[0]], "abuse")
    assert scores[0] > 0.5
    assert scores[1] == 0


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "text,verdict\nx,1\n", "no column 'label'"),
        ("a.csv", "text,label\nFine.,maybe\n", "line 2: 'label' must be 1 or 0, not 'maybe'"),
        ("a.jsonl", '{"text": "Fine.", "label": 1}\nnonsense\n', "line 2: is not a JSON object"),
        ("a.jsonl", '{"label": 1}\n', "line 1: 'text' is missing"),
    ],
    ids=["column", "label", "line", "text"],
)
def test_an_invalid_file_is_named(tmp_path: Path, name: str, content: str, message: str) -> None:
    """The message has the file, line and column."""
    path = tmp_path / name
    path.write_text(content, "utf-8")
    with pytest.raises(LabelledError, match=message):
        thresholds.load_labelled(path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--budget", "approved-abusive=1%"], "give either --data or --labelled"),
        (["--budget", "nonsense", "--labelled", "FILE"], "unknown part 'nonsense' of the budget"),
    ],
)
def test_wrong_usage_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    """The exit code is 2, and the message says what is wrong."""
    file = str(labelled(tmp_path, 2))
    options = [file if option == "FILE" else option for option in options]
    assert run(["policy", "fit", *options]) == 2
    assert message in capsys.readouterr().err
