"""Split a normalised text into sentences.

One pattern finds every place that may end a sentence. The words before and after the place decide
whether it does. The time grows linearly with the text, because each place is looked at once.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import regex

# A name or a number follows these words, so their full stop never ends a sentence.
_TITLES = frozenset(
    "mr mrs ms dr prof sr jr smt shri sri adv capt col gen lt maj sgt hon rev gov sen rep er "
    "vs eg ie viz rs re cf ed dt messrs".split()
)
# The full stop of these words ends a sentence unless a number follows: 'Sec. 144', 'I said no.'
_NUMBERED = frozenset("no nos sec sect art cl para fig vol ch pp mob ph".split())
# These abbreviations can also be a sentence's last word. The next word decides.
_SHORTENED = frozenset(
    "etc al approx dept govt min max cr lakh inc ltd co pvt corp bros assn univ am pm asst addl "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun st "
    "justice".split()
)
# Words that open sentences and are not names: after 'U.P.' or 'etc.' they begin a new sentence.
_OPENERS = frozenset(
    "the a an this that these those he she it they we i you his her its their our my your who what "
    "when where why how which there here if but and so because no not nobody please let is are was "
    "do does did can will should in on at for as".split()
)
# These begin a sentence even in small letters after a missing space: 'he lied.she knew'. No web
# address ends in one of them.
_RUN_ON = frozenset(
    "the a an this that these those he she they we you u his her their our who what when where why "
    "how which there if but and because nobody please plz let are was do does did can will should "
    "for keep just v".split()
)
# Runs are possessive: the pattern does not try a run again from each of its signs.
_PLACE = regex.compile(
    r"""
    (?P<line>\n)
    |(?P<bullet>[•▪●◦‣➢✔])
    |(?P<stop>[.!?\u0964\u0965\u203d]++)(?P<quote>["')\]]*+)
    |(?P<emoji>[\p{Extended_Pictographic}\p{Regional_Indicator}]
        [\p{Extended_Pictographic}\p{Regional_Indicator}\p{Emoji_Modifier}\p{M}\u200d ]*+)
    """,
    regex.VERBOSE,
)
_BEFORE = regex.compile(r"(?:^|[^\p{L}.])((?:\p{Lu}?\p{L}\.)*\p{L}+)$")
_AFTER = regex.compile(r"""\s*+["'(\[]*+(\w*)""")
_LISTED = regex.compile(r"\s*+[(\[]?(?:\d{1,2}|[a-zA-Z]|[ivx]{2,4})$")  # the '1' of '1. Roads'
_DASHED = regex.compile(r"\s*+(?:[-*>·]\s++)?")
_LOOK = 64  # the most characters to look back
_WRAPPED = 60  # characters of a line that may continue in the next line


class Sentence(NamedTuple):
    """One sentence, and its place in the normalised text."""

    text: str
    start: int
    end: int


Missing = Literal["verb", "subject", "main clause"]


class SentenceScore(NamedTuple):
    """The sentence model's result for one sentence.

    It has the sentence's place, its number of words and the probability that the sentence is full.
    `missing` is what the sentence lacks if it is a fragment; it is set whatever the probability.
    """

    start: int
    end: int
    words: int
    probability: float
    missing: Missing


def split(clean: str) -> list[Sentence]:
    """Return the sentences of a normalised text, without white space and list marks around them.

    >>> [sentence.text for sentence in split("The U.P. govt. fell! Why?He lied.She knew...")]
    ['The U.P. govt. fell!', 'Why?', 'He lied.', 'She knew...']
    """
    sentences: list[Sentence] = []
    start = 0
    for match in _PLACE.finditer(clean):
        end = _end(clean, start, match)
        if end:
            _add(sentences, clean, start, match.start() if match["bullet"] else end)
            start = end
    _add(sentences, clean, start, len(clean))
    return sentences


def _end(clean: str, start: int, match: regex.Match[str]) -> int:
    """Return where the sentence from `start` ends, or 0 if it goes on after `match`."""
    stop, end = match.span()
    if match["bullet"]:
        return end
    if match["line"]:
        return 0 if _continues(clean, start, stop) else end
    following = _AFTER.match(clean, end)
    word = following[1] if following else ""
    if match["emoji"]:
        return end if word[:1].isupper() and word.lower() in _OPENERS else 0
    if end < len(clean) and not clean[end].isspace():
        return match.end("stop") if _space_is_missing(clean, match) else 0
    if word[:1].islower() and (match["quote"] or match["stop"].startswith("..")):
        return 0  # '"Go!" he said', 'he lied... and left'
    if match["stop"] == "." and not match["quote"] and _is_abbreviation(clean, start, stop, word):
        return 0
    return end


def _continues(clean: str, start: int, line_end: int) -> bool:
    """Whether the line break at `line_end` is in the middle of a sentence."""
    return (
        line_end - start >= _WRAPPED
        and clean[line_end + 1 : line_end + 2].islower()
        and clean[line_end - 1] not in ".!?\"')"
    )


def _space_is_missing(clean: str, match: regex.Match[str]) -> bool:
    """Whether a full stop lacks the space after it ('He lied.She knew'), unlike in 'B.Com'."""
    stop, (start, end) = match["stop"], match.span()
    after = clean[end : end + 2]
    left = clean[max(0, start - _LOOK) : start].rsplit(None, 1)[-1:]
    right = clean[end : end + _LOOK].split(None, 1)[:1]
    if stop[-1] != ".":  # a single sign before a small letter is a broken character: 'Qu?bec'
        likely = after[:1].isupper() or (len(stop) > 1 and after[:1].isalpha())
    else:
        before = clean[max(0, start - 2) : start]
        dots = len(stop) > 1 and not after[:1].isupper()  # 'he lied...she knew' is one sentence
        likely = bool(left and right) and not dots and _run_on(before, left[0], right[0])
    return likely and not any(
        sign in part for part in left + right for sign in ("/", "@", "www.", "=")
    )


def _run_on(before: str, left: str, right: str) -> bool:
    """Whether a full stop without a space, as in 'lied.She', ends a sentence.

    `left` and `right` are the words around it. `before` has the two characters before it.

    >>> _run_on("ed", "lied", "She"), _run_on("ed", "lied", "she"), _run_on("de", "node", "js")
    (True, True, False)
    """
    if before[-1:].isspace():  # 'a test .Another'
        return right[:1].isupper() and right[1:2].islower() and right != "Net"
    is_word = len(before) == 2 and before.islower() and before.isalpha()
    if not (is_word or left.lower() in _OPENERS):
        return False
    if right[:1].isupper():
        return left.lower() not in _TITLES and (right[1:2].islower() or len(right) == 1)
    return left.islower() and right.rstrip(",").lower() in _RUN_ON


def _is_abbreviation(clean: str, start: int, stop: int, following: str) -> bool:
    """Whether the full stop at `stop` belongs to an abbreviation, an initial or a list number."""
    if stop - start <= _LOOK and _LISTED.match(clean[start:stop]):
        return bool(following)
    before = _BEFORE.search(clean, max(start, stop - _LOOK), stop)
    if before is None or not following:
        return False
    word, name = before[1], following.lower() not in _OPENERS
    if "." in word:  # U.P., a.m.
        return name or following.islower()
    if len(word) == 1:
        return word.isupper() and word != "I" and (name or len(following) == 1)
    if word.lower() in _NUMBERED:
        return following.isdigit()
    if word.lower() in _TITLES:
        return True
    return word.lower() in _SHORTENED and (following[0].islower() or following.isdigit() or name)


def _add(sentences: list[Sentence], clean: str, start: int, end: int) -> None:
    opening = _DASHED.match(clean, start, end)
    start = opening.end() if opening else start
    text = clean[start:end].rstrip()
    if text:
        sentences.append(Sentence(text, start, start + len(text)))
