"""Read a comment once: normalise it, split it into tokens and sentences, and map places back.

The rules and models work on the normalised text, `Text.clean`. `Text.span` turns a place in it into
code points of the text as received. Normalising decodes HTML entities, drops tags (in HTML
comments) and invisible characters, unifies line ends, quotes and dashes, and applies Unicode's
NFKC, so that full-width or 'mathematical' letters become ordinary ones.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import regex

from moderation.comment import Comment
from moderation.decision import Span
from moderation.text import plain_words
from moderation.text.disguise import Deobfuscated, deobfuscate
from moderation.text.sentences import Sentence, split

# Stretches to normalise. The text between two matches is copied: ASCII, accented Latin letters and
# the Indic blocks already have their NFKC form.
_ENTITY = r"&(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
_SPECIAL = (
    rf"\r\n?|{_ENTITY}|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|[\x20-\x7e\u00c0-\u024f]\p{{Mn}}++"
    r"|[^\x00-\x7f\u00c0-\u024f\u0900-\u0dff]\p{Mn}*+"
)
_PLAIN = regex.compile(_SPECIAL)
_HTML = regex.compile(rf"<!--[^>]*>|</?[A-Za-z][^<>]*>|{_SPECIAL}")
_ODD = re.compile(r"[^\t\n -%'-;=-~]")  # anything but plain ASCII without '&' and '<'
_BLOCK = regex.compile(r"</?(?:p|div|br|li|ul|ol|blockquote|h[1-6]|tr|table|pre|hr)\b", regex.I)
_MOST_MARKS = 3  # Vietnamese and Indic letters carry up to two; stacked 'zalgo' marks are noise
_LONGEST = 5  # characters that one may become; 'ﷺ' would become eighteen

_STRAIGHT = {
    **dict.fromkeys("‘’‚‛ʼ`´′", "'"),
    **dict.fromkeys("“”„‟«»″", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\u2028\u2029\x85", "\n"),
    "™": "™",  # NFKC would turn them into letters
    "℠": "℠",
}
_INVISIBLE = regex.compile(
    r"[[\p{Cf}\p{Cc}\p{Variation_Selector}\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]--[\n\t]]",
    regex.V1,
)

# A bare 'name.tld' is a link only if no sentence begins with the ending, because the space after a
# full stop may be missing ('He lied.In court'). The other endings need a path.
_SIGNED = r"""
    (?P<email>(?<![\w.+\-])[\w.+\-]{1,64}+@[\w\-]{1,63}(?:\.[\w\-]{1,63}){1,4}+)
    |(?P<link>(?<![\w@])(?i:https?://|www\.)[^\s<>"]+(?<!['.,;:!?)\]}])
            |(?<![\w@.])(?:[A-Za-z0-9][A-Za-z0-9\-]{0,61}\.){1,4}
              (?:(?:com|org|net|info|biz|xyz|(?:co|gov|nic|ac|org)\.(?:in|uk))\b(?![@.]\w)
              |(?:in|me|co|tv|ly|us|ru|cn|to|gl|gd|io|top|shop|site|online|club)(?=/\S))
              (?:/[^\s<>"]*(?<!['.,;:!?)\]}]))?)
    |(?P<mention>(?<![\w@])@\w(?:[\w.]*\w)?)
    |(?P<hashtag>(?<![\w#])\#[\p{L}\p{M}\p{N}_]*\p{L}[\p{L}\p{M}\p{N}_]*)
"""
_SPOKEN = r"""
    (?P<number>(?<![\p{L}\p{N}])\p{N}++(?:[.,:/\-]\p{N}++)*+(?![\p{L}\p{N}])%?)
    |(?P<word>[\p{L}\p{N}][\p{L}\p{M}\p{N}]*+(?:['\-][\p{L}\p{N}][\p{L}\p{M}\p{N}]*+)*+)
    |(?P<emoji>[\p{Extended_Pictographic}\p{Regional_Indicator}]
            [\p{M}\p{Emoji_Modifier}\p{Regional_Indicator}]*+)
    |(?P<other>\S)
"""
_TOKEN = regex.compile(f"{_SIGNED}|{_SPOKEN}", regex.VERBOSE)
# Most comments have no sign of a link or address. The pattern for them takes half the time.
_SIGN = re.compile(
    r"[@#]|://|www\.|\.(?:com|org|net|info|biz|xyz|co|gov|nic|ac)\b|\.[a-z]{2,6}/", re.IGNORECASE
)
_PLAIN_TOKEN = regex.compile(_SPOKEN, regex.VERBOSE)


class Token(NamedTuple):
    """One token (word, link, emoji …), at `start`..`end` of the normalised text."""

    kind: str
    text: str
    start: int
    end: int


class Weight(NamedTuple):
    """A part of the normalised text, and its share (0..1) of the evidence for a score."""

    start: int
    end: int
    share: float


@dataclass
class Text:
    """A comment that was read. `clean` is its normalised text.

    The models fill `scores` (calibrated probabilities by name) and `notes` (other results, such as
    `language`, a code, and `sentences`, each with the probability that it is full). They also set
    `explain`, a function that returns the parts of `clean` that contributed most to a score.
    """

    raw: str
    clean: str
    comment: Comment
    pieces: list[Piece] = field(repr=False)
    scores: Mapping[str, float] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    explain: Callable[[str], list[Weight]] = field(default=lambda _: [], repr=False)

    @cached_property
    def tokens(self) -> list[Token]:
        """The links, addresses, mentions, numbers, words, emoji and signs, in order.

        >>> [token.kind for token in read("Call 100, @ravi: see www.example.com 🙏").tokens]
        ['word', 'number', 'other', 'mention', 'other', 'word', 'link', 'emoji']
        """
        pattern = _TOKEN if _SIGN.search(self.clean) else _PLAIN_TOKEN
        return [
            Token(match.lastgroup or "other", match[0], match.start(), match.end())
            for match in pattern.finditer(self.clean)
        ]

    @cached_property
    def words(self) -> list[Token]:
        """The tokens that are words."""
        return [token for token in self.tokens if token.kind == "word"]

    @cached_property
    def sentences(self) -> list[Sentence]:
        """The sentences of the normalised text.

        >>> [sentence.text for sentence in read("Dr. Rao spoke. Did you hear?").sentences]
        ['Dr. Rao spoke.', 'Did you hear?']
        """
        return split(self.clean)

    @cached_property
    def deobfuscated(self) -> Deobfuscated:
        """The normalised text with disguised spellings undone.

        >>> read("What an i.d.1.o.t!").deobfuscated.text
        'What an idiot!'
        """
        return deobfuscate(self.clean)

    @cached_property
    def plain_sentences(self) -> list[plain_words.Sentence]:
        """The sentences of `deobfuscated` in plain words, without what is in quotation marks.

        >>> [sentence.words for sentence in read("I can't. He's old!").plain_sentences]
        [' i can not ', ' he is old ']
        """
        return [*plain_words.sentences(self.deobfuscated.text)]

    def span(self, start: int, end: int) -> Span:
        """Return the place of `clean[start:end]` in the text as received.

        >>> read("AT&amp;T is down").span(0, 4)
        Span(start=0, end=8, text='AT&amp;T')
        """
        first, last = self._piece(start), self._piece(max(end - 1, start))
        raw_start = first.raw + (start - first.clean if first.copied else 0)
        raw_end = last.raw + end - last.clean if last.copied else last.raw_end
        return Span(raw_start, raw_end, self.raw[raw_start:raw_end])

    def _piece(self, index: int) -> Piece:
        return self.pieces[bisect_right(self.pieces, index, key=lambda piece: piece.clean) - 1]


class Piece(NamedTuple):
    """Where a part of the normalised text comes from. `copied` means that it is unchanged."""

    clean: int
    raw: int
    raw_end: int
    copied: bool


def read(comment: Comment | str) -> Text:
    """Read a comment, in linear time whatever its content.

    >>> read("Ｗell “said”!\\r\\n").clean
    'Well "said"!\\n'
    """
    if isinstance(comment, str):
        comment = Comment(comment)
    raw = comment.text
    if not _ODD.search(raw):
        return Text(raw, raw, comment, [Piece(0, 0, len(raw), True)])
    pieces: list[Piece] = []
    parts: list[str] = []
    length = 0

    def add(part: str, start: int, end: int, copied: bool) -> None:
        nonlocal length
        if part:
            pieces.append(Piece(length, start, end, copied))
            parts.append(part)
            length += len(part)

    done = 0
    for match in (_HTML if comment.format == "html" else _PLAIN).finditer(raw):
        start, end = match.span()
        add(raw[done:start], done, start, copied=True)
        add(_normal(match[0]), start, end, copied=False)
        done = end
    add(raw[done:], done, len(raw), copied=True)
    return Text(raw, "".join(parts), comment, pieces or [Piece(0, 0, len(raw), False)])


def _normal(special: str) -> str:
    """Return the normalised form of markup or special characters, or '' if they have no content."""
    if len(special) > 2 and special[0] == "<":
        return "\n" if _BLOCK.match(special) else ""
    if special[0] == "\r":
        return "\n"
    if len(special) > 2 and special[0] == "&" and special[-1] == ";":
        special = html.unescape(special)
        if special[:1] == "&" or not special:
            return special  # an ampersand, an unknown entity or a control character
    if special[0] in _STRAIGHT:
        return _STRAIGHT[special[0]]
    visible = _INVISIBLE.sub("", special)[: 1 + _MOST_MARKS]
    normal = unicodedata.normalize("NFKC", visible)
    return normal if len(normal) <= _LONGEST else visible
