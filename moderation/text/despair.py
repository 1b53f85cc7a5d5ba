"""Find where an author speaks of wanting to die, of planning it, or of harming himself or herself.

A sentence is read as words in small letters, with contractions and text speak written out: "im
gonna kms" becomes "i am going to kill myself". Patterns over these words look for the first person
with a plan, a means, a farewell, a wish to die or the loss of hope. What is in quotation marks is
left out. Figures of speech, the past, and debate about assisted dying lower the score.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from moderation.text.reading import Text

_TABLES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))

PLAN = 0.9  # a plan, a means or a farewell
WISH = 0.7  # a wish to die, or thoughts of suicide
DESPAIR = 0.5  # life has lost its worth
HINT = 0.3  # not enough alone: figures of speech, the past, a hint of despair


class Sign(NamedTuple):
    """A sign of despair at `start`..`end` of the normalised text. `kind` names its pattern."""

    kind: str
    score: float
    start: int
    end: int


def signs(text: Text) -> list[Sign]:
    """Return the signs of despair in a comment, the strongest first.

    >>> from moderation.text.reading import read
    >>> strongest = signs(read("im gonna kms"))[0]
    >>> strongest.kind, strongest.score
    ('plan', 0.9)
    >>> signs(read("My brother took his life."))
    []
    """
    deobfuscated = text.deobfuscated
    lower = deobfuscated.text.lower()
    about_author = _FIRST_PERSON.search(lower) and _TRIGGER.search(lower)
    if not about_author and not _BARE.search(lower):
        return []
    unsorted = [
        Sign(sign.kind, sign.score, *deobfuscated.span(sign.start, sign.end))
        for sentence in _sentences(deobfuscated.text)
        for sign in _signs(sentence)
    ]
    return sorted(unsorted, key=lambda sign: (-sign.score, sign.start))


def score(signs: list[Sign]) -> float:
    """Return the score of a comment: that of its strongest sign of despair.

    Weak signs (hints) of two kinds score at least `DESPAIR` together.

    >>> score([Sign("goodbye", HINT, 0, 4), Sign("end of strength", HINT, 9, 14)])
    0.5
    """
    hints = {sign.kind for sign in signs if sign.kind in _ADDING}
    strongest = max((sign.score for sign in signs), default=0.0)
    return max(strongest, DESPAIR) if len(hints) > 1 else strongest


def concerns_self_only(text: Text) -> bool:
    """Return whether a comment speaks of its author's death, and of no violence against others.

    Figures of speech ('this commute kills me') count as speaking of it, for they are no threats.

    >>> from moderation.text.reading import read
    >>> concerns_self_only(read("I will kill myself."))
    True
    >>> concerns_self_only(read("I will kill him and then kill myself."))
    False
    """
    words = [sentence.words for sentence in _sentences(text.deobfuscated.text)]
    if any(_VIOLENCE.search(sentence) for sentence in words):
        return False
    return any(_OWN_DEATH.search(sentence) for sentence in words) or bool(signs(text))


# --- Sentences in plain words.


class _Sentence(NamedTuple):
    """A sentence: its words in one string, and where each word stands in the text."""

    words: str
    title: bool  # most of its words begin with a capital
    places: list[tuple[int, int, int]]  # offset in `words`, start and end in the text

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return the place in the text of `words[start:end]`."""
        inside = [row for row in self.places if start <= row[0] < end] or self.places[-1:]
        return inside[0][1], inside[-1][2]


_TOKEN = re.compile(r"(?P<word>[^\W_]+(?:['\-][^\W_]+)*)|(?P<stop>[.!?\n]+)|(?P<sign>[,;:()])")
_QUOTED = re.compile(
    r"\"[^\"\n]{2,400}\"|(?<!\w)'[^\n]{2,200}?'(?!\w)|^[ \t]*>[^\n]*", re.MULTILINE
)
_MOST_WORDS = 80  # longer stretches without a stop are cut

_CLITICS = (("n't", " not"), ("'m", " am"), ("'ve", " have"), ("'ll", " will"), ("'d", " would"),
            ("'re", " are"), ("'s", " is"))  # fmt: skip
_AFTER_ILL = frozenset("be kill hang shoot end jump die take do just not never slit drink".split())


def _sentences(text: str) -> Iterator[_Sentence]:
    """Yield the sentences that are not in quotation marks or quoted lines."""
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    if any(end - start > 0.9 * len(text.strip()) for start, end in quoted):
        quoted = []  # the whole comment is in quotation marks
    tokens = [
        token
        for token in _TOKEN.finditer(text)
        if not any(start <= token.start() < end for start, end in quoted)
    ]
    rows: list[tuple[str, int, int]] = []
    capitals = 0
    for index, token in enumerate(tokens):
        if token["stop"] or len(rows) >= _MOST_WORDS:
            yield _sentence(rows, capitals)
            rows, capitals = [], 0
        if token["stop"]:
            continue
        following = tokens[index + 1][0].lower() if index + 1 < len(tokens) else ""
        rows.append((_plain(token[0], following), token.start(), token.end()))
        capitals += token[0][0].isupper() and not token[0].isupper()
    yield _sentence(rows, capitals)


def _sentence(rows: list[tuple[str, int, int]], capitals: int) -> _Sentence:
    words, places = " ", []
    for word, start, end in rows:
        places.append((len(words), start, end))
        words += word + " "
    return _Sentence(words, capitals > 2 and capitals * 2 > len(rows), places)


def _plain(token: str, following: str) -> str:
    """Return a word in small letters, with contractions and text speak written out.

    `following` is the next word.

    >>> _plain("can't", ""), _plain("Ill", "be"), _plain("2", "die"), _plain("self-harm", "")
    ('can not', 'i will', 'to', 'self harm')
    """
    word = token.lower()
    if word == "my" and following == "self":
        return "myself"
    if word == "ill" and following in _AFTER_ILL:
        return "i will"
    if word == "2" and following in ("die", "kill", "end", "live", "b", "be", "hang"):
        return "to"
    if word == "4" and not following[:1].isalnum():
        return "for"
    if word in ("can't", "won't"):
        return {"can't": "can not", "won't": "will not"}[word]
    if word in _TABLES["written_out"]:
        return str(_TABLES["written_out"][word])
    for ending, written in _CLITICS:
        if word.endswith(ending):
            return word.removesuffix(ending) + written
    return word.replace("-", " ")


# --- Patterns, from despair.toml.

_PARTS: dict[str, str] = _TABLES["parts"]
_NAME = re.compile(r"\b[A-Z_]{3,}\b")
_UNLESS = re.compile(r"(?<!\?)!\(((?:[^()]|\([^()]*\))*)\)")
_GROUP = re.compile(r"(?<!\\)\((?!\?)")


def _compiled(forms: str, ending: str = "(?:(?= )|(?<= ))") -> re.Pattern[str]:
    """Compile the patterns of a table in `despair.toml`. A match begins and ends at a word's edge.

    >>> bool(_compiled("i ~ want to die END").search(" i really want to die now "))
    True
    """
    adverbs = f"(?:(?:{_expanded(_PARTS['adverbs'])}) )*"
    pattern = _GROUP.sub("(?:", _expanded(forms).replace("~ ", adverbs))
    return re.compile(rf"(?<![^ ])(?:{pattern}){ending}")


def _expanded(forms: str) -> str:
    """Join the pattern lines of `despair.toml` into one regular expression.

    A name in capitals is replaced by the pattern that it stands for. '!(…)' means 'not followed
    by'.
    """
    pattern = _UNLESS.sub(r"(?! (?:\1)\\b)", _alternatives(forms))
    return _NAME.sub(lambda name: f"(?:{_expanded(_PARTS[name[0]])})", pattern)


def _alternatives(lines: str) -> str:
    return "|".join(line.strip() for line in lines.strip().splitlines())


class _Form(NamedTuple):
    """The patterns of one kind of sign of despair, and their score."""

    kind: str
    score: float
    pattern: re.Pattern[str]
    unless: re.Pattern[str]  # what may not come right before a match


_FORMS = tuple(
    _Form(
        kind,
        table["score"],
        _compiled(table["forms"]),
        _compiled(table.get("unless", "") + _TABLES["denied"]["forms"], " ?$"),
    )
    for kind, table in _TABLES["signs"].items()
)
_ADDING = frozenset(kind for kind, table in _TABLES["signs"].items() if table.get("adds"))
_LIGHT = tuple(_compiled(context) for context in _TABLES["light"].values())
_OWN_DEATH = _compiled(_TABLES["own_death"]["forms"])
_VIOLENCE = _compiled(_TABLES["violence"]["forms"])
_CONDITION = re.compile(r" (?:if|unless) ")

_FIRST_PERSON, _TRIGGER, _BARE = (
    re.compile(_alternatives(_TABLES["triggers"][name]))
    for name in ("first_person", "words", "bare")
)


def _signs(sentence: _Sentence) -> Iterator[Sign]:
    """Yield the signs of despair in a sentence. Figures of speech and conditions lower a score."""
    words = sentence.words
    if not _TRIGGER.search(words):
        return
    for form in _FORMS:
        match = form.pattern.search(words)
        if not match or form.unless.search(words[: match.start()]):
            continue
        score = form.score
        if sentence.title or any(context.search(words) for context in _LIGHT):
            score = min(score, HINT)
        elif form.kind in ("plan", "act") and _CONDITION.search(words):
            score = DESPAIR
        yield Sign(form.kind, score, *sentence.place(*match.span()))
