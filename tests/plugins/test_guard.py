"""A plug-in that is slow or fails goes into shadow, and comes back. Clocks are made up."""

import logging
import threading
from collections.abc import Callable

import pytest

from moderation.guard import CPU_S, TRIAL_EVERY_S, WALL_S, WINDOW_S, Guard, InShadowError


class Clock:
    """A clock that goes only when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return the clock of the time that passes."""
    return Clock()


@pytest.fixture
def cpu() -> Clock:
    """Return the clock of the computing time."""
    return Clock()


@pytest.fixture
def guard(clock: Clock, cpu: Clock) -> Guard:
    """Return a guard whose clocks go only when told."""
    return Guard("rule no of gazette-rules 2.0", clock, cpu)


def fail() -> None:
    """Raise an exception that quotes a comment."""
    raise ValueError("a comment")


def takes(seconds: float, *clocks: Clock) -> Callable[[], str]:
    """Return a function during which the clocks go on."""

    def work() -> str:
        for clock in clocks:
            clock.now += seconds
        return "done"

    return work


def runs(guard: Guard, work: Callable[[], object]) -> bool:
    """Return whether the guard lets the plug-in run."""
    try:
        guard.run(work)
    except InShadowError:
        return False
    except ValueError:
        pass
    return True


def troubled(guard: Guard) -> bool:
    """Return whether the plug-in is in shadow."""
    return bool(guard.trouble)


def test_the_third_exception_within_a_minute(
    guard: Guard, caplog: pytest.LogCaptureFixture
) -> None:
    """Exceptions reach the caller. The third puts the plug-in into shadow, and the log says so."""
    for _ in range(3):
        assert not troubled(guard)
        with pytest.raises(ValueError, match="a comment"):
            guard.run(fail)
    assert guard.trouble == "it raised ValueError, its fault number 3 within 60 s"
    assert not runs(guard, fail)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == f"rule no of gazette-rules 2.0 is in shadow: {guard.trouble}"


def test_rare_exceptions_do_not_count(guard: Guard, clock: Clock) -> None:
    """Two within a minute, and the next later, are no reason."""
    for _ in range(10):
        assert runs(guard, fail)
        clock.now += WINDOW_S / 2 + 1
    assert not guard.trouble


def test_three_slow_comments(guard: Guard, clock: Clock, cpu: Clock) -> None:
    """Computing time counts, and waiting time if it is long. Each result still holds."""
    assert guard.run(takes(CPU_S * 2, cpu)) == "done"
    assert guard.run(takes(WALL_S * 2, clock)) == "done"
    assert not troubled(guard)
    assert guard.run(takes(CPU_S * 2, cpu)) == "done"
    assert guard.trouble == "it took 200 ms for a comment, its fault number 3 within 60 s"


def test_a_busy_machine_is_no_reason(guard: Guard, clock: Clock) -> None:
    """A little time that passes without computing is not the plug-in's."""
    for _ in range(10):
        guard.run(takes(WALL_S / 2, clock))
    assert not guard.trouble


def test_a_batch_may_take_longer(guard: Guard, cpu: Clock) -> None:
    """A scorer gets its time for each text."""
    for _ in range(10):
        guard.run(takes(CPU_S * 5, cpu), comments=10)
    assert not guard.trouble


def test_it_comes_back_after_three_good_trials(
    guard: Guard, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """In shadow it runs for one comment each minute."""
    for _ in range(3):
        runs(guard, fail)
    for _ in range(3):
        assert guard.trouble
        assert not runs(guard, takes(0))
        clock.now += TRIAL_EVERY_S
        assert runs(guard, takes(0))
    assert not guard.trouble
    assert "acts again" in caplog.text
    runs(guard, fail)
    assert not guard.trouble, "old faults are forgotten"


def test_a_bad_trial_starts_again(guard: Guard, clock: Clock) -> None:
    """Three good trials in a row are needed."""
    for _ in range(3):
        runs(guard, fail)
    for work in (takes(0), takes(0), fail, takes(0), takes(0)):
        clock.now += TRIAL_EVERY_S
        assert runs(guard, work)
        assert guard.trouble


def test_a_plugin_that_hangs_keeps_one_thread() -> None:
    """While it works on one comment, others wait a moment. Then it is in shadow for all."""
    started, end = threading.Event(), threading.Event()

    def hang() -> None:
        started.set()
        end.wait()

    guard = Guard("rule no of gazette-rules 2.0", patience_s=0.01)
    stuck = threading.Thread(target=guard.run, args=(hang,))
    stuck.start()
    started.wait()
    assert not runs(guard, takes(0))
    assert guard.trouble == "it has worked on one comment for 0.01 s"
    guard._trial_at = 0
    assert not runs(guard, takes(0)), "no trial while it hangs"
    end.set()
    stuck.join()
    guard._trial_at = 0
    assert runs(guard, takes(0))
