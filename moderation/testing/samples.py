"""Comments that every plug-in must be able to read, and watch what it does with them."""

from __future__ import annotations

import contextlib
import functools
import random
import sys
from collections.abc import Iterator
from contextvars import ContextVar

from moderation.comment import Comment
from moderation.text.reading import Text, Weight, read

_LETTERS = random.Random(16)  # noqa: S311 - the same letters in every run

HARMLESS = (
    "Well said, sir.",
    "The council meets again on Monday to talk about the roads.",
    "I disagree: the new bridge should be open to cyclists too.",
    "My grandmother was born in Kochi, and she still remembers the flood of 1961.",
    "I am a gay man, and my partner and I have lived here for ten years.",
    "Could you please explain how the tax is calculated? I did not understand it.",
)
"""Civil comments, to which a rule has no objection unless it is about their topic."""

NOISE = (
    "…",
    "?",
    ". . .",
    "12 345,67",
    "🙏",
    "🇮🇳❤️👍🏽",
    "=-=-=-=",
    "\u200b.\u200b",
    "()[]{}<>",
    *("".join(_LETTERS.choices("bcdfghjklmnpqrstvwxz", k=size)) for size in (3, 7, 12)),
)
"""Texts that say nothing."""

ODD = (
    "THIS GOVERNMENT HAS LEARNED ABSOLUTELY NOTHING!!!",
    "u r an idiot, d worst n u no it",
    "Read http://www.example.com/a?b=c#d, www.example.org or mail me@example.com #bridge #roads",
    "AT&amp;T &lt;b&gt;is&lt;/b&gt; down &#128591;",
    "ｆｕｌｌ ｗｉｄｔｈ, 𝕕𝕠𝕦𝕓𝕝𝕖 and z̷̛a̸l̴g̵o̶",
    "यह पुल बहुत अच्छा है। Das ist schön. Это мост.",
    "One line\r\nanother line\n\n> a quotation\n- and a list\ttab",
    '"You are a liar," he said. “And you,” she answered, ‘are late’.',
    "\ufffd\u202eright to left\u202c \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "a\u0301 e\u0301 n\u0303 — naïve café",
    "I will pay Rs. 500 to 98765 43210. 4111 1111 1111 1111, 12.5% @ravi",
)
"""Texts of unusual form. A rule may object to them, but must not fail."""

_PATTERNS = ("a", "A", "!", "a ", "(", "é", "1 ", "#a ", "http://a.b/ ", "\n", "a.", '"', "aA1!")
SIZES = (8, 16, 24, 32, 128, 1024, 20_000)  # characters; the largest comment has 20,480 bytes


def long(size: int) -> list[Text]:
    """Return texts of `size` characters, each of which repeats a short pattern."""
    patterns = [pattern * (size // len(pattern)) for pattern in _PATTERNS]
    return [text(pattern) for pattern in patterns if pattern.strip()]


class _SameScore(dict[str, float]):
    """Scores of which each has the value `level`, except for those of form and language."""

    def __init__(self, level: float) -> None:
        super().__init__(english=1 - level, full_sentences=1 - level)
        self.level = level

    def __missing__(self, _: str) -> float:
        return self.level


def text(comment: str, level: float = 0.0) -> Text:
    """Read a comment. Every score that a model gives is `level`; 0 is the most harmless."""
    reading = read(Comment(comment, article="The new bridge", parent="The roads are bad."))
    reading.scores = _SameScore(level)
    reading.notes = {"language": "en", "sentences": []}
    reading.explain = lambda _: [Weight(0, 1, 1.0)] if reading.clean else []
    return reading


def short(text: str) -> str:
    """Return a text as it is quoted in a message: escaped, and not too long.

    >>> short("a" * 100)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…'"
    """
    return ascii(text)[1:-1].join("''") if len(text) <= 60 else f"'{ascii(text[:60])[1:-1]}…'"


_FORBIDDEN = (
    "open",
    "os.system",
    "os.putenv",
    "os.remove",
    "os.rename",
    "socket.connect",
    "socket.getaddrinfo",
    "sqlite3.connect",
    "subprocess.Popen",
    "urllib.Request",
)
_events: ContextVar[list[str] | None] = ContextVar("_events", default=None)


@functools.cache
def _listen() -> None:
    """Start to listen to Python's audit events. There is no way to stop."""

    def hook(event: str, _: tuple[object, ...]) -> None:
        events = _events.get()
        if events is not None and event in _FORBIDDEN:
            events.append(event)

    sys.addaudithook(hook)


@contextlib.contextmanager
def watched() -> Iterator[list[str]]:
    """Yield a list to which each access to files, network, processes or environment is added.

    >>> with watched() as events:
    ...     _ = open(__file__).close()
    >>> events
    ['open']
    """
    _listen()
    events: list[str] = []
    token = _events.set(events)
    try:
        yield events
    finally:
        _events.reset(token)
