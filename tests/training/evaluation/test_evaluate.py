"""evaluate and metrics: the metrics are right, and they are shown and stored."""

import json
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from moderation.cli import run
from moderation.decision import Span
from moderation.scoring.models import Models
from moderation.training import metrics
from moderation.training.corpora.catalogue import Row
from moderation.training.evaluation import evaluate, explanations, thresholds
from moderation.training.evaluation.evaluate import Question


def test_measure_of_perfect_and_constant_scores() -> None:
    """A perfect order has an AUC of 1, a constant score one of 0.5."""
    y_true = np.array([True, False, False, True] * 50)
    perfect = metrics.measure(y_true, y_true.astype(float))
    constant = metrics.measure(y_true, np.full(200, 0.5))
    assert perfect["auc"] == {"value": 1.0, "interval": [1.0, 1.0]}
    assert perfect["ece"]["value"] == 0.0
    assert constant["auc"]["value"] == 0.5
    assert constant["ap"]["interval"][0] <= constant["ap"]["value"] <= constant["ap"]["interval"][1]


def test_without_positive_rows_there_is_no_auc() -> None:
    """Metrics that are undefined are left out."""
    assert "auc" not in metrics.measure(np.zeros(20, bool), np.full(20, 0.1))


def test_calibration_error() -> None:
    """A score of 0.9 for rows of which half are positive is 0.4 off."""
    y_true = np.array([True, False] * 5)
    assert metrics.calibration_error(y_true, np.full(10, 0.9)) == pytest.approx(0.4)


def test_metrics_at_a_threshold() -> None:
    """A score equal to the threshold is flagged."""
    y_true = np.array([True, True, False, False])
    result = metrics.at_threshold(y_true, np.array([0.9, 0.2, 0.6, 0.1]), 0.6)
    assert result == {"threshold": 0.6, "flagged": 0.5, "precision": 0.5, "recall": 0.5}


class TestBinaryLabels:
    """Which rows answer a question."""

    rows: ClassVar = [
        Row("a", "s", {"s.x": 1.0}, natural=True),
        Row("b", "s", {"s.x": 0.7}, natural=True),
        Row("c", "s", {"s.x": 0.0}),
        Row("d", "s", {"s.y": 1.0}, natural=True),
    ]

    def test_between(self) -> None:
        """Rows with a value between `no` and `yes` or without the label are left out."""
        indices, y_true = evaluate.binary_labels(Question("q", "s.x", "h", yes=0.9), self.rows)
        assert (indices, y_true.tolist()) == ([0, 2], [True, False])

    def test_natural(self) -> None:
        """Only natural rows answer a question about the natural mix."""
        indices, _ = evaluate.binary_labels(Question("q", "s.x", "h", natural=True), self.rows)
        assert indices == [0, 1]


def test_character_f1() -> None:
    """Marks and spans that are equal have an F1 of 1, and those that do not overlap one of 0."""
    spans = [Span(0, 4, "fool")]
    assert explanations._character_f1(spans, [(0, 4)]) == 1.0
    assert explanations._character_f1(spans, [(4, 8)]) == 0.0
    assert explanations._character_f1(spans, [(2, 6)]) == pytest.approx(0.5)


def test_removed_ranges_do_not_move_each_other() -> None:
    """Removing one range does not shift the next."""
    assert explanations._without("a bad, bad day", [(2, 5), (7, 10)]) == "a ,  day"


def test_write_cards(tmp_path: Path) -> None:
    """A card gets the metrics of its own heads and keeps its other figures."""
    (tmp_path / "spam" / "1").mkdir(parents=True)
    card = tmp_path / "spam" / "1" / "card.json"
    card.write_text('{"heads": ["spam"], "figures": {"old": 1}}')
    result = {"rows": 9, "auc": {"value": 1.0, "interval": [1.0, 1.0]}}
    sets = {
        "messages": {"head": "spam", "thresholds": [], **result},
        "insults": {"head": "insult", "thresholds": [], **result},
    }
    evaluate.write_cards({"models": {"spam": "1"}, "sets": sets}, tmp_path)
    figures = json.loads(card.read_text())["figures"]
    assert figures == {"old": 1, "in use": {"messages": result}}


def test_progress_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A message comes at about every tenth and at the end."""
    caplog.set_level("INFO")
    monkeypatch.setattr(evaluate, "BATCH", 2)
    evaluate.score_rows(Models({}, {}), [Row("So.", "s", {})] * 41)
    assert caplog.messages[0] == "scored 6 of 41"
    assert caplog.messages[-1] == "scored 41 of 41"
    assert len(caplog.messages) == 10


def test_missing_matplotlib_is_reported_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says what to install, and nothing is read or measured."""
    monkeypatch.setattr(evaluate, "evaluate", None)
    monkeypatch.setattr(thresholds, "load_labelled", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    labelled = tmp_path / "own.csv"
    labelled.write_text("text,label\nSo.,1\n", "utf-8")
    fit = ["policy", "fit", "--labelled", str(labelled), "--budget", "held-fine=1%"]
    for command in (
        ["evaluate", "--data", str(tmp_path), "--out", str(tmp_path / "out")],
        [*fit, "--plot", str(tmp_path / "fit.svg")],
    ):
        assert run(command) == 2
        message = f"{command[-2]}: plots need matplotlib: pip install -e '.[train]'"
        assert message in capsys.readouterr().err


def test_markdown_has_a_row_for_each_set() -> None:
    """Every set and every slice has a row with its interval."""
    y_true = np.array([True, False] * 20)
    result = {"head": "toxicity", **metrics.measure(y_true, y_true.astype(float))}
    results = {"sets": {"set": result}, "slices": {"set": {"short": result}}}
    lines = evaluate.markdown(results).splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| set", "| set: short"]
    assert "1.000 (1.000 to 1.000)" in lines[2]
