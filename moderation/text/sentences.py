"""Split clean text into sentences: where they end, and where they only seem to.

One pattern finds every place that may be an end; a few questions about the words before and
after it decide. Each place is looked at once, with a bounded look back: linear time.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import regex

# After these a name or a number follows, so their stop never ends a sentence.
_TITLES = frozenset(
    "mr mrs ms dr prof sr jr smt shri sri adv capt col gen lt maj sgt hon rev gov sen rep er "
    "vs eg ie viz rs re cf ed dt messrs".split()
)
# After these only a number does: 'Sec. 144', but 'I said no.'
_NUMBERED = frozenset("no nos sec sect art cl para fig vol ch pp mob ph".split())
# These can also be the last word; what follows decides.
_SHORTENED = frozenset(
    "etc al approx dept govt min max cr lakh inc ltd co pvt corp bros assn univ am pm asst addl "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun st "
    "justice".split()
)
# Words that open sentences and are no names: after 'U.P.' or 'etc.' they begin a new one.
_OPENERS = frozenset(
    "the a an this that these those he she it they we i you his her its their our my your who what "
    "when where why how which there here if but and so because no not nobody please let is are was "
    "do does did can will should in on at for as".split()
)
# These begin the next sentence where all is in small letters and the space is missing: 'he
# lied.she knew'. None is the ending of a web address.
_RUN_ON = frozenset(
    "the a an this that these those he she they we you u his her their our who what when where why "
    "how which there if but and because nobody please plz let are was do does did can will should "
    "for keep just v".split()
)
# Runs are matched whole, and only then judged: none is tried again from each of its signs.
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
_LOOK = 64  # characters looked back at, at most
_WRAPPED = 60  # a line as long as this may go on in the next


class Sentence(NamedTuple):
    """One sentence: its characters and where they stand in the clean text."""

    text: str
    start: int
    end: int


Missing = Literal["verb", "subject", "main clause"]


class Judged(NamedTuple):
    """What the sentences model says of a sentence: its place, its words, how surely it is full.

    `missing` is what a fragment lacks, whatever its probability.
    """

    start: int
    end: int
    words: int
    probability: float
    missing: Missing


def split(clean: str) -> list[Sentence]:
    """The sentences of `clean`, without the white space and list marks around them.

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
    """Where the sentence from `start` ends, if it does at `match`, else 0."""
    at, end = match.span()
    if match["bullet"]:
        return end
    if match["line"]:
        return 0 if _goes_on(clean, start, at) else end
    following = _AFTER.match(clean, end)
    word = following[1] if following else ""
    if match["emoji"]:
        return end if word[:1].isupper() and word.lower() in _OPENERS else 0
    if end < len(clean) and not clean[end].isspace():
        return match.end("stop") if _joined(clean, at, match) else 0
    if word[:1].islower() and (match["quote"] or match["stop"].startswith("..")):
        return 0  # '"Go!" he said', 'he lied... and left'
    if match["stop"] == "." and not match["quote"] and _only_seems(clean, start, at, word):
        return 0
    return end


def _goes_on(clean: str, start: int, at: int) -> bool:
    """Whether a line was only wrapped at `at`, in the middle of a sentence."""
    return (
        at - start >= _WRAPPED
        and clean[at + 1 : at + 2].islower()
        and clean[at - 1] not in ".!?\"')"
    )


def _joined(clean: str, at: int, match: regex.Match[str]) -> bool:
    """Whether the space after a stop is missing: 'He lied.She knew', and not 'B.Com' or a link."""
    stop, end = match["stop"], match.end()
    after = clean[end : end + 2]
    left = clean[max(0, at - _LOOK) : at].rsplit(None, 1)[-1:]
    right = clean[end : end + _LOOK].split(None, 1)[:1]
    if stop[-1] != ".":  # a single one in small letters is a broken character: 'Qu?bec'
        likely = after[:1].isupper() or (len(stop) > 1 and after[:1].isalpha())
    else:
        near = clean[max(0, at - 2) : at]
        dots = len(stop) > 1 and not after[:1].isupper()  # 'he lied...she knew' goes on
        likely = bool(left and right) and not dots and _run_on(near, left[0], right[0])
    return likely and not any(
        sign in part for part in left + right for sign in ("/", "@", "www.", "=")
    )


def _run_on(before: str, left: str, right: str) -> bool:
    """Whether a full stop between `left` and `right` ends a sentence; `before` it stand two signs.

    >>> _run_on("ed", "lied", "She"), _run_on("ed", "lied", "she"), _run_on("de", "node", "js")
    (True, True, False)
    """
    if before[-1:].isspace():  # 'a test .Another'
        return right[:1].isupper() and right[1:2].islower() and right != "Net"
    known = left.lower() in _OPENERS
    if not (known or (len(before) == 2 and before.islower() and before.isalpha())):
        return False
    if right[:1].isupper():
        return left.lower() not in _TITLES and (right[1:2].islower() or len(right) == 1)
    return left.islower() and right.rstrip(",").lower() in _RUN_ON


def _only_seems(clean: str, start: int, at: int, following: str) -> bool:
    """Whether the full stop at `at` belongs to an abbreviation, an initial or a list's number."""
    if _LISTED.match(clean[start:at]) if at - start <= _LOOK else False:
        return bool(following)
    before = _BEFORE.search(clean, max(start, at - _LOOK), at)
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
