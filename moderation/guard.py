"""Put a plug-in into shadow while it is slow or fails, so that it cannot hold every comment.

A plug-in that raises or takes too long three times in a minute goes into shadow: its findings have
no effect. Once a minute it is tried again, on one comment. After three good trials in a row it acts
again. Every process counts for itself.

Python cannot stop a function that never returns. So a plug-in works on one comment at a time: the
others wait a moment for it, and then go on without it. It keeps at most one thread of a process.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Literal, TypeVar

FAULTS, WINDOW_S = 3, 60.0  # so many faults within so many seconds put a plug-in into shadow
CPU_S = 0.1  # computing time for one comment; the slowest of our own rules needs a fifth of it
WALL_S = 2.0  # time that passes; it is longer because other threads and programs may be busy
TRIAL_EVERY_S, TRIALS = 60.0, 3

log = logging.getLogger(__name__)

Clock = Callable[[], float]
_Result = TypeVar("_Result")


class InShadowError(RuntimeError):
    """The plug-in is in shadow, and was not run."""


class Guard:
    """Runs one plug-in, and knows whether it is in shadow.

    `label` names the plug-in in the log. `trouble` says why it is in shadow. It is empty while the
    plug-in acts. `clock` and `cpu` measure the time that passes and this thread's computing time,
    in seconds. A comment waits up to `patience_s` seconds for the plug-in's work on others.

    >>> guard = Guard("rule demo of courier-rules 1.0")
    >>> guard.run(lambda: 5), guard.trouble
    (5, '')
    """

    def __init__(
        self,
        label: str,
        clock: Clock = time.monotonic,
        cpu: Clock = time.thread_time,
        patience_s: float = WALL_S,
    ) -> None:
        self.label = label
        self.trouble = ""
        self._clock, self._cpu = clock, cpu
        self._patience_s = patience_s
        self._faults: deque[float] = deque(maxlen=FAULTS)
        self._turn = threading.Lock()  # held while the plug-in works on a comment
        self._trial_at = 0.0
        self._good = 0

    def run(self, call: Callable[[], _Result], comments: int = 1) -> _Result:
        """Call the plug-in for `comments` comments, and return its result.

        Raises `InShadowError` if the plug-in is in shadow and it is not time for a trial, or what
        `call` raises. An exception, or a call that takes too long, counts as a fault.
        """
        trial = bool(self.trouble)
        if trial and self._clock() < self._trial_at:
            raise InShadowError(self.trouble)
        if not self._turn.acquire(timeout=0 if trial else self._patience_s):
            self._enter_shadow(f"it has worked on one comment for {self._patience_s:g} s")
            raise InShadowError(self.trouble)
        try:
            if self.trouble and not trial:  # it went into shadow while this thread waited
                raise InShadowError(self.trouble)
            self._trial_at = self._clock() + TRIAL_EVERY_S
            return self._measured(call, comments)
        finally:
            self._turn.release()

    def _measured(self, call: Callable[[], _Result], comments: int) -> _Result:
        began, computing = self._clock(), self._cpu()
        try:
            result = call()
        except Exception as error:
            # Only the type: an exception's message may contain the comment's text.
            self._fault(f"it raised {type(error).__name__}")
            raise
        taken, computed = self._clock() - began, self._cpu() - computing
        if computed > CPU_S * comments or taken > WALL_S * comments:
            self._fault(f"it took {max(taken, computed) / comments * 1000:,.0f} ms for a comment")
        else:
            self._success()
        return result

    def _fault(self, what: str) -> None:
        self._good = 0
        now = self._clock()
        self._faults.append(now)
        if not self.trouble and len(self._faults) == FAULTS and now - self._faults[0] <= WINDOW_S:
            self._enter_shadow(f"{what}, its fault number {FAULTS} within {WINDOW_S:g} s")

    def _success(self) -> None:
        if not self.trouble:
            return
        self._good += 1
        if self._good == TRIALS:
            self.trouble, self._good = "", 0
            self._faults.clear()
            log.warning("%s acts again, after %d good trials", self.label, TRIALS)

    def _enter_shadow(self, why: str) -> None:
        if not self.trouble:
            self._good, self._trial_at = 0, self._clock() + TRIAL_EVERY_S
            self.trouble = why
            log.error("%s is in shadow: %s", self.label, why)


class Guards:
    """The guards of a process, one for each plug-in."""

    def __init__(self) -> None:
        self._guards: dict[str, Guard] = {}

    def of(self, kind: Literal["rule", "model"], name: str, plugin: str) -> Guard:
        """Return the guard of a rule or model. `plugin` is its package, with the version."""
        label = f"{kind} {name} of {plugin}"
        guard = self._guards.get(label)
        return guard or self._guards.setdefault(label, Guard(label))

    def states(self) -> dict[str, str]:
        """Return why each plug-in that has run is in shadow; an empty text if it acts."""
        return {label: guard.trouble for label, guard in list(self._guards.items())}
