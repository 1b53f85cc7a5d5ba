"""Split a comment into pieces, so that a page can highlight the words that led to each reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from moderation.decision import Reason, Span


class Piece(NamedTuple):
    """A part of a comment, and the numbers (from 1) of all reasons that highlight it."""

    text: str
    reasons: tuple[int, ...]


def pieces(text: str, reasons: Sequence[Reason]) -> list[Piece]:
    """Split `text` where the highlight of any reason starts or ends. Highlights may overlap.

    Each piece has the numbers of the reasons that highlight all of it.

    >>> from moderation import Action, Finding
    >>> def reason(*spans):
    ...     return Reason(Finding("rule", 1.0, "", spans), "", Action.REVIEW)
    >>> for piece in pieces("U r ok 🙏", [reason(Span(0, 1, "U"), Span(2, 3, "r"))]):
    ...     print(piece.text, piece.reasons)
    U r (1,)
     ok 🙏 ()
    """
    opens: dict[int, list[int]] = {}
    closes: dict[int, list[int]] = {}
    for number, reason in enumerate(reasons, start=1):
        for start, end in _joined(text, reason.finding.spans):
            opens.setdefault(start, []).append(number)
            closes.setdefault(end, []).append(number)
    parts, last, active = [], 0, Counter[int]()
    for cut in sorted({*opens, *closes, len(text)}):
        if cut > last:
            parts.append(Piece(text[last:cut], tuple(sorted(active))))
        for number in closes.get(cut, ()):
            active[number] -= 1
        active.update(opens.get(cut, ()))
        active = +active
        last = cut
    return parts


def _joined(text: str, spans: Sequence[Span]) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each span, in order.

    Spans that overlap, or that only white space separates, are joined to one.
    """
    start = end = -1
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if start >= 0 and (span.start <= end or text[end : span.start].isspace()):
            end = max(end, span.end)
        else:
            if end > start:
                yield start, end
            start, end = span.start, span.end
    if end > start:
        yield start, end
