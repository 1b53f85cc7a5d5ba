"""evaluate and figures: what is measured is what is said."""

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


def test_measure_knows_a_perfect_and_a_blind_score() -> None:
    """A perfect order has an area of 1, a constant score of one half; intervals hold the value."""
    said = np.array([True, False, False, True] * 50)
    perfect = metrics.measure(said, said.astype(float))
    blind = metrics.measure(said, np.full(200, 0.5))
    assert perfect["auc"] == {"value": 1.0, "interval": [1.0, 1.0]}
    assert perfect["ece"]["value"] == 0.0
    assert blind["auc"]["value"] == 0.5
    assert blind["ap"]["interval"][0] <= blind["ap"]["value"] <= blind["ap"]["interval"][1]


def test_one_kind_only() -> None:
    """Where no row is positive, areas are left out rather than invented."""
    assert "auc" not in metrics.measure(np.zeros(20, bool), np.full(20, 0.1))


def test_calibration_error() -> None:
    """A score of .9 for what 5 of 10 readers say is .4 off."""
    said = np.array([True, False] * 5)
    assert metrics.calibration_error(said, np.full(10, 0.9)) == pytest.approx(0.4)


def test_at() -> None:
    """Flagged, precision and recall from a threshold on, the threshold itself included."""
    said = np.array([True, True, False, False])
    found = metrics.at_threshold(said, np.array([0.9, 0.2, 0.6, 0.1]), 0.6)
    assert found == {"threshold": 0.6, "flagged": 0.5, "precision": 0.5, "recall": 0.5}


class TestAnswers:
    """Which rows answer a question."""

    rows: ClassVar = [
        Row("a", "s", {"s.x": 1.0}, natural=True),
        Row("b", "s", {"s.x": 0.7}, natural=True),
        Row("c", "s", {"s.x": 0.0}),
        Row("d", "s", {"s.y": 1.0}, natural=True),
    ]

    def test_between(self) -> None:
        """Values between `no` and `yes` are left out, and rows without the label too."""
        chosen, said = evaluate.answers(Question("q", "s.x", "h", yes=0.9), self.rows)
        assert (chosen, said.tolist()) == ([0, 2], [True, False])

    def test_natural(self) -> None:
        """Only natural rows answer a question about the natural mix."""
        chosen, _ = evaluate.answers(Question("q", "s.x", "h", natural=True), self.rows)
        assert chosen == [0, 1]


def test_spans_overlap() -> None:
    """Character F1 of marks and spans: 1 where they agree, 0 where they do not meet."""
    spans = [Span(0, 4, "fool")]
    assert explanations._overlap(spans, [(0, 4)]) == 1.0
    assert explanations._overlap(spans, [(4, 8)]) == 0.0
    assert explanations._overlap(spans, [(2, 6)]) == pytest.approx(0.5)


def test_words_are_taken_out_from_behind() -> None:
    """Taking out one stretch does not move the next."""
    assert explanations._without("a bad, bad day", [(2, 5), (7, 10)]) == "a ,  day"


def test_note(tmp_path: Path) -> None:
    """A card gets the figures of its own heads and keeps those it had."""
    (tmp_path / "spam" / "1").mkdir(parents=True)
    card = tmp_path / "spam" / "1" / "card.json"
    card.write_text('{"heads": ["spam"], "figures": {"old": 1}}')
    figure = {"rows": 9, "auc": {"value": 1.0, "interval": [1.0, 1.0]}}
    sets = {
        "messages": {"head": "spam", "thresholds": [], **figure},
        "insults": {"head": "insult", "thresholds": [], **figure},
    }
    evaluate.note({"models": {"spam": "1"}, "sets": sets}, tmp_path)
    figures = json.loads(card.read_text())["figures"]
    assert figures == {"old": 1, "in use": {"messages": figure}}


def test_how_far_the_reading_is_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """At each tenth or so, and when all is read; not only once at the beginning."""
    caplog.set_level("INFO")
    monkeypatch.setattr(evaluate, "BATCH", 2)
    evaluate.scored_rows(Models({}, {}), [Row("So.", "s", {})] * 41)
    assert caplog.messages[0] == "read 6 of 41"
    assert caplog.messages[-1] == "read 41 of 41"
    assert len(caplog.messages) == 10


def test_plots_are_asked_for_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without what draws them nothing is read and nothing measured; one line says what to do."""
    monkeypatch.setattr(evaluate, "evaluate", None)
    monkeypatch.setattr(thresholds, "own", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    own = tmp_path / "own.csv"
    own.write_text("text,label\nSo.,1\n", "utf-8")
    fit = ["policy", "fit", "--labelled", str(own), "--budget", "held-fine=1%"]
    for asked in (
        ["evaluate", "--data", str(tmp_path), "--out", str(tmp_path / "out")],
        [*fit, "--plot", str(tmp_path / "fit.svg")],
    ):
        assert run(asked) == 2
        said = capsys.readouterr().err
        assert f"{asked[-2]}: plots need matplotlib: pip install -e '.[train]'" in said


def test_table_has_a_row_for_each_set() -> None:
    """Every set and every slice stands in the table, with its interval."""
    said = np.array([True, False] * 20)
    figure = {"head": "toxicity", **metrics.measure(said, said.astype(float))}
    found = {"sets": {"one": figure}, "slices": {"one": {"short": figure}}}
    lines = evaluate.table(found).splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| one", "| one: short"]
    assert "1.000 (1.000 to 1.000)" in lines[2]
