"""A comment does without the words this newspaper has ruled out.

You list *banned* words (score 1.0), *suspect* words (`suspect_score`) and *allowed* words, which
win over both. Entries are in the policy, or in text files with one entry a line (`#` begins a
comment; paths are relative to the policy's folder). An entry may have several words. A short list
of suspect entries is shipped: the strongest English and Hindi abuse, and phrases that urge suicide
('kys'). `shipped = false` leaves it out.

Why: models weigh a whole comment, but a newspaper may refuse to print some words whatever the
comment says, and may want a person to look at some names of products or campaigns.

The rule finds whole words with their forms (plural, possessive, -ing, -ed, -er), disguised or not.
The span is what the author typed, disguise included.

- Fires, with `banned = ["idiot", "stupid"]`: "What idiots!", "the idiot's plan", "an 1d10t",
  "i.d.i.o.t", "idi*t", "stuuupid".
- Does not fire, with `banned = ["cunt", "dick"]`: "Scunthorpe", "Dikshit", "Dickens".
- Does not fire, with `banned = ["cock"]` and `allowed = ["cock-a-hoop"]`: "He is cock-a-hoop."
- Limits: a word list knows no context, so the rule also finds a word that is quoted or meant well,
  and names that are words too ('Dick Cheney' where 'dick' is banned): allow them. Irregular forms
  ('shat') need an entry of their own, and so do forms that are names ('Cumming'). The rule misses a
  word with a blank in it ("idi ot").
- Measured: the shipped words alone fire on 0.1 % of comments under news articles (fox_news, ucc),
  on 0.5 % in Indian English (trac) and on 2.8 % of comments that were all under suspicion once
  (civil_comments).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice, pairwise
from pathlib import Path
from typing import Annotated, NamedTuple

import regex
from pydantic import BeforeValidator, Field, ValidationInfo

from moderation import rules
from moderation.decision import Finding
from moderation.text.inflections import inflections
from moderation.text.reading import Text
from moderation.text.spelling import WORDS, Shapes, behind_stars, by_shape, skeleton

_WORD = regex.compile(
    r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*+(?:'[\p{L}\p{N}][\p{L}\p{M}\p{N}]*+)*+"
    r"|[\p{Extended_Pictographic}--[0-9#*©®™]]",
    regex.V1,
)
_SIGN = re.compile(r"[0-9@$!|+._\-~*](?:(?=\w)|(?<=\w[0-9@$]))")
_SIGNED = re.compile(r"(?<![\w@$!|+])[^\W\d_]*+[0-9@$!|+][\w@$!|+]*+")
_STARRED = re.compile(r"(?<![\w*])[a-zA-Z][a-zA-Z*]*\*[a-zA-Z*]*(?![\w*])")
_JOINED = re.compile(r"(?<![\w.\-/])[^\W\d_]++(?:[._\-~*|][^\W\d_]++)++(?!\w)")
_MOST_STARRED = 200  # words with stars that are looked up in one comment
_ACRONYM = 3  # letters of a dotted acronym: 'R.A.T.' is not a rat
_MOST_HITS = 500  # places that are looked at in one comment
_QUOTED = 3  # words that a message quotes


def _lines(value: object, info: ValidationInfo) -> object:
    """Return the entries in the file of that name, which is relative to the policy's folder."""
    if not isinstance(value, str):
        return value
    path = Path((info.context or {}).get("folder", "")) / value
    try:
        lines = path.read_text("utf-8-sig").splitlines() if value else []
    except FileNotFoundError:
        raise ValueError(f"there is no such file as {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot be read: {error}") from None
    entries = (line.partition("#")[0].strip() for line in lines)
    return tuple(entry for entry in entries if entry)


Entries = tuple[Annotated[str, Field(min_length=1)], ...]
EntriesOf = Annotated[Entries, BeforeValidator(_lines)]


class Index(NamedTuple):
    """All entries and their forms, in dictionaries."""

    scores: dict[tuple[str, ...], float]  # by the entry's words
    lengths: dict[str, tuple[int, ...]]  # by the entry's first word: its possible numbers of words
    by_look: dict[str, str]  # single words by their skeleton
    by_shape: Shapes  # single words by length and first letter


class Settings(rules.Settings):
    """The settings in `[word_list]`."""

    banned: Entries = Field((), description="Words and phrases that are banned (score 1.0).")
    suspect: Entries = Field((), description="Words and phrases that a person looks at.")
    allowed: Entries = Field((), description="Words and phrases that are allowed after all.")
    banned_file: EntriesOf = Field((), description="A file with more banned entries, one a line.")
    suspect_file: EntriesOf = Field((), description="A file with more suspect entries.")
    allowed_file: EntriesOf = Field((), description="A file with more allowed entries.")
    suspect_score: float = Field(0.6, ge=0, le=1, description="The score of a suspect word.")
    shipped: bool = Field(True, description="Whether the shipped entries are suspect.")

    @cached_property
    def index(self) -> Index:
        """The index of the entries."""
        shipped = (*WORDS["strong"].split(), *WORDS["goading"].splitlines()) if self.shipped else ()
        scores = {
            **dict.fromkeys(
                _forms((*shipped, *self.suspect, *self.suspect_file)), self.suspect_score
            ),
            **dict.fromkeys(_forms((*self.banned, *self.banned_file)), 1.0),
            **dict.fromkeys(_forms((*self.allowed, *self.allowed_file)), 0.0),
        }
        lengths: dict[str, set[int]] = {}
        for words in scores:
            lengths.setdefault(words[0], set()).add(len(words))
        single = [words[0] for words in scores if len(words) == 1]
        return Index(
            scores,
            {word: tuple(sizes) for word, sizes in lengths.items()},
            {skeleton(word): word for word in single},
            by_shape(single),
        )


def _forms(entries: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Yield the words of each entry, with the last word in all its forms."""
    for entry in entries:
        words = [word for word, _, _ in _words(entry)]
        if words:
            yield from ((*words[:-1], form) for form in sorted(inflections(words[-1])))


class Hit(NamedTuple):
    """An entry at `start`..`end` of the clean text."""

    start: int
    end: int
    score: float


def check(text: Text, settings: Settings) -> Finding | None:
    """Find the listed words, except where an allowed entry covers them."""
    hits = [*islice(_hits(text, settings.index), _MOST_HITS)]
    if not any(hit.score for hit in hits):
        return None
    covered = bytearray(len(text.clean))  # places of links, allowed entries and earlier hits
    for token in text.tokens:
        if token.kind in ("link", "email"):
            covered[token.start : token.end] = b"\1" * (token.end - token.start)
    listed = []
    for hit in sorted(hits, key=lambda hit: (hit.score > 0, hit.start, -hit.end)):
        if not covered[hit.start]:
            covered[hit.start : hit.end] = b"\1" * (hit.end - hit.start)
            listed += [hit] if hit.score else []
    if not listed:
        return None
    spans = tuple(text.span(hit.start, hit.end) for hit in listed)
    quoted = [f"“{word}”" for word in dict.fromkeys(span.text for span in spans)][:_QUOTED]
    words = " and ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))
    return Finding("word_list", max(hit.score for hit in listed), _MESSAGE.format(words), spans)


_MESSAGE = "Please say it without {}."


def _hits(text: Text, index: Index) -> Iterator[Hit]:
    """Yield the entries in the clean text, in the text without disguises, and behind signs."""
    yield from (Hit(*hit) for hit in _listed(text.clean, index))
    deobfuscated = text.deobfuscated
    if deobfuscated.edits:
        for start, end, score in _listed(deobfuscated.text, index):
            yield Hit(*deobfuscated.span(start, end), score)
    if _SIGN.search(text.clean):
        yield from _behind_signs(text.clean, index)
    if "*" in text.clean:
        yield from _behind_stars(text.clean, index)


def _words(text: str) -> list[tuple[str, int, int]]:
    """Return each word in small letters, without a possessive 's, with its start and end."""
    return [
        (_plain(match[0].lower().removesuffix("'s")), match.start(), match.end())
        for match in _WORD.finditer(text)
    ]


def _plain(word: str) -> str:
    """Return a word in NFKC, because Unicode spells some letters in two ways ('ड़')."""
    return word if word.isascii() else unicodedata.normalize("NFKC", word)


def _listed(text: str, index: Index) -> Iterator[tuple[int, int, float]]:
    """Yield the start, end and score of each entry. Blanks or hyphens join a phrase's words."""
    candidates = _WORD.findall(_plain(text.lower()))
    if index.lengths.keys().isdisjoint(word.removesuffix("'s") for word in candidates):
        return  # the quick way out, which nearly all texts take
    words = _words(text)
    for first, (word, start, _) in enumerate(words):
        for length in index.lengths.get(word, ()):
            phrase = words[first : first + length]
            score = index.scores.get(tuple(part for part, _, _ in phrase))
            if score is not None and len(phrase) == length and _joined(text, phrase):
                yield start, phrase[-1][2], score


def _joined(text: str, words: Sequence[tuple[str, int, int]]) -> bool:
    """Whether only blanks or hyphens separate the words."""
    return all(text[left[2] : right[1]].strip() in ("", "-") for left, right in pairwise(words))


def _behind_signs(clean: str, index: Index) -> Iterator[Hit]:
    """Yield words with digits and signs for letters ('qui5ling') or between them ('quis.ling')."""
    for match in _SIGNED.finditer(clean):
        shown = match[0].rstrip("!|+")
        letters = sum(map(str.isalpha, shown))
        if 1 < letters < len(shown) <= letters * 2:
            word = index.by_look.get(skeleton(shown))
            if word:
                yield Hit(match.start(), match.start() + len(shown), index.scores[(word,)])
    for match in _JOINED.finditer(clean):
        joined = "".join(filter(str.isalpha, match[0]))
        score = index.scores.get((joined.lower(),))
        if score is not None and not (joined.isupper() and len(joined) <= _ACRONYM):
            yield Hit(*match.span(), score)


def _behind_stars(clean: str, index: Index) -> Iterator[Hit]:
    """Yield words with at most half of their letters hidden by stars: 'qu*sling'."""
    for match in islice(_STARRED.finditer(clean), _MOST_STARRED):
        shown = match[0].lower()
        footnote = len(shown) < 6 and shown.find("*") == len(shown) - 1
        if shown.count("*") * 2 <= len(shown) and not footnote:
            for word in islice(behind_stars(shown, index.by_shape), 1):
                yield Hit(*match.span(), index.scores[(word,)])
