"""Labelled texts for the language model: English as readers write it, and everything else.

Beside the corpora it makes what they lack: Indic text in Latin letters (`romanise`), sentences
of two tongues, English full of Indian names, quoted phrases. A text that is made keeps the part
(train, validation, test) of the row it was made from.
"""

from __future__ import annotations

import csv
import gzip
import logging
import random
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import regex

from moderation.training.corpora import catalogue
from moderation.training.corpora.perturb import Names, lazy, mixed
from moderation.training.corpora.splits import Part, part
from moderation.training.language.romanise import Writer, romanise

log = logging.getLogger(__name__)

FILE = "english/train.csv.gz"
_ROMANISED = Path(__file__).with_name("romanised.toml")
_EVERYDAY = Path(__file__).with_name("everyday.toml")
_CUTS = ((1, 3), (4, 8), (4, 8), (9, 20), (9, 20), (21, 60))  # words of a stretch of a comment
_MARKS = regex.compile(r"(?<=\p{Latin})\p{Mn}")
_QUOTING = 6  # words that English has at least which quotes
_KEPT = 0.5  # of the comments in the abuse sets: more do not make it better
_CHATTY = {"youtube_spam", "sms_spam"}  # small, and nearest to how readers type
_MORE = 3  # versions of each row of Hinglish-TOP
EVERYDAY = 4000  # short comments made for each language from its small words
_MADE = 6  # spellings of each native-script row


class Example(NamedTuple):
    """A text, whether it is English, its language, where it is from, and what it is for."""

    text: str
    english: bool
    language: str
    source: str
    part: Part


def small_words(tables: Path = _ROMANISED) -> dict[str, tuple[list[str], list[str]]]:
    """By language: its small words and short comments in Latin letters."""
    return {
        code: (
            table["words"].split(),
            [*filter(None, regex.split(r"\s*[|\n]\s*", table["phrases"]))],
        )
        for code, table in tomllib.loads(tables.read_text("utf-8")).items()
    }


def examples(data: Path, seed: int, everyday: int = EVERYDAY) -> Iterator[Example]:
    """All examples of the folder, in a fixed order, with everything that is made from them.

    `everyday` short comments of each romanised language are made from its small words, and half
    as many of each other.
    """
    rng = random.Random(seed)  # noqa: S311 - for variety, not for secrets
    names = Names.load()
    rows = list(_rows(data / FILE))
    known = {word for row in rows if row.english for word in row.text.lower().split()}
    comments = [row for row in _comments(data, rng) if _plausible(row.text, known)]
    english = [row for row in rows if row.english] + comments
    vocabulary = [word for row in english[:20_000] for word in row.text.split() if word.islower()]
    yield from rows
    yield from comments
    yield from _bare(rows)
    yield from _spoken(rows, names, rng)
    yield from _typed(english, rng)
    yield from _named(english, names, rng)
    yield from _quoting(english, rows, names, rng)
    yield from _romanised(rows, vocabulary, names, rng)
    yield from _everyday(vocabulary, names, rng, everyday)
    yield from _abroad(names, rng, everyday // 2)


def _rows(path: Path) -> Iterator[Example]:
    csv.field_size_limit(1 << 24)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            kind, _, code = row["source"].partition("-")
            language = {"ewt": "en", "hitop": "en", "lingua": "en", "rom": "hi-Latn"}.get(
                kind, code
            )
            yield Example(
                row["text"], row["label"] == "en", language, row["source"], part(row["text"])
            )


def _comments(data: Path, rng: random.Random) -> Iterator[Example]:
    """A stretch of each comment of the abuse sets that may train, of any length."""
    for source in catalogue.sources().values():
        if source.use != "train":
            continue
        if not (data / source.file).is_file():
            log.warning(
                "%s is missing: English comments of '%s' are left out", source.file, source.name
            )
            continue
        for row in source.rows(data):
            if rng.random() > _KEPT and source.name not in _CHATTY:
                continue
            words = row.text.split()
            fewest, most = rng.choice(_CUTS)
            count = rng.randint(fewest, most)
            start = rng.randint(0, max(len(words) - count, 0))
            cut = " ".join(words[start : start + count])
            if cut:
                yield Example(cut, True, "en", source.name, row.part)


def _plausible(text: str, known: set[str]) -> bool:
    """Whether it can be English: the sets of English comments hold a few that are not."""
    words = text.lower().split()
    return len(words) < 5 or sum(word in known for word in words) > 0.3 * len(words)


def _bare(rows: Iterable[Example]) -> Iterator[Example]:
    """Foreign text without its accents, as people type it on a plain keyboard."""
    for row in rows:
        if not row.english and row.source.startswith("lat-"):
            text = bare(row.text)
            if text != row.text:
                yield row._replace(text=text, source="bare-" + row.language)


def bare(text: str) -> str:
    """Latin letters without their accents.

    >>> bare("où ça?")
    'ou ca?'
    """
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text)))


def _spoken(rows: Iterable[Example], names: Names, rng: random.Random) -> Iterator[Example]:
    """The one corpus of real Hinglish and its English twins, more often and as people type."""
    for row in rows:
        if "hitop" in row.source:
            for _ in range(_MORE):
                text = row.text
                if rng.random() < 0.3:
                    text = names.planted(text, rng, 1)
                yield row._replace(text=lazy(text, rng), source="spoken")


def _typed(english: Sequence[Example], rng: random.Random) -> Iterator[Example]:
    """English with slips, in small letters or capitals."""
    for row in english:
        if rng.random() < 0.25:
            yield row._replace(text=lazy(row.text, rng), source="typed")


def _named(english: Sequence[Example], names: Names, rng: random.Random) -> Iterator[Example]:
    """English with one to ten names, slogans or borrowed words in it."""
    for row in english:
        count = len(row.text.split())
        if count < 3 or rng.random() > 0.5:
            continue
        most = min(10, 1 + count)
        text = names.planted(row.text, rng, rng.randint(1, most))
        if rng.random() < 0.15 and count > 4:
            slogan = rng.choice(names.slogans)
            text = f"{slogan}! {text}" if rng.random() < 0.5 else f"{text} {slogan}"
        text = text.lower() if rng.random() < 0.4 else lazy(text, rng)
        yield row._replace(text=text, source="named")


def _quoting(
    english: Sequence[Example], rows: Sequence[Example], names: Names, rng: random.Random
) -> Iterator[Example]:
    """English that quotes up to a fifth of foreign words.

    What is well known (a slogan, the title of a film) may be more of it, without quotation marks.
    """
    foreign = [row for row in rows if row.source.startswith(("lat-", "rom-"))]
    for row in english:
        words = row.text.split()
        if len(words) < _QUOTING or not foreign or rng.random() > 0.12:
            continue
        other = rng.choice(foreign)
        quoted = other.text.split()[: max(1, len(words) // 5)]
        phrase = f'"{" ".join(quoted)}"'
        if len(words) < 2 * _QUOTING or rng.random() < 0.3:
            phrase = rng.choice(names.slogans)
            phrase = phrase if rng.random() < 0.5 else f'"{phrase}"'
        at = rng.randint(0, len(words))
        text = lazy(" ".join([*words[:at], phrase, *words[at:]]), rng)
        if other.part == row.part:
            yield row._replace(text=text, source="quoting")


def _romanised(
    rows: Sequence[Example],
    vocabulary: Sequence[str],
    names: Names,
    rng: random.Random,
) -> Iterator[Example]:
    """Native-script rows in several spellings, pure and mixed with English."""
    small = small_words()
    for row in rows:
        if row.source == "rom-hitop" and rng.random() < 0.5:
            yield row._replace(text=lazy(mixed(row.text, vocabulary, rng, 0.15), rng))
        code = row.language
        if not row.source.startswith("nat-") or code not in small:
            continue
        for turn in range(_MADE):
            text = romanise(row.text, code, rng)
            words = text.split()
            source = f"rom-{code}"
            if turn >= _MADE // 2 and len(words) > 3:
                text = _chatty(words, small[code][0], rng)
                source = f"chat-{code}"
            if turn == _MADE - 1 and len(words) > 3:
                text = mixed(text, vocabulary, rng, rng.uniform(0.15, 0.5))
                source = f"mixed-{code}"
            if turn == _MADE - 2 and len(words) > 3:
                text = _halves(text, vocabulary, rng)
                source = f"mixed-{code}"
            if len(words) > 3 and rng.random() < 0.2:
                text = names.planted(text, rng, rng.randint(1, 3))
            yield Example(lazy(text, rng), False, f"{code}-Latn", source, row.part)


def _chatty(words: Sequence[str], small: Sequence[str], rng: random.Random) -> str:
    """A stretch of formal text with the small words of everyday speech strewn in."""
    start = rng.randint(0, max(len(words) - 4, 0))
    kept = list(words[start : start + rng.randint(2, 10)])
    for _ in range(rng.randint(1, len(kept) + 2)):
        kept.insert(rng.randint(0, len(kept)), rng.choice(small))
    return " ".join(kept)


def _halves(foreign: str, vocabulary: Sequence[str], rng: random.Random) -> str:
    """`foreign` before or after as many English words, or fewer."""
    stretch = " ".join(rng.choices(vocabulary, k=rng.randint(1, len(foreign.split()))))
    return f"{stretch} {foreign}" if rng.random() < 0.5 else f"{foreign} {stretch}"


def _everyday(
    vocabulary: Sequence[str],
    names: Names,
    rng: random.Random,
    count: int,
) -> Iterator[Example]:
    """Short comments of the ten languages: our phrases, and their words in any order.

    Words in a random order are no sentences, but a model of n-grams cannot tell.
    """
    for code, (words, phrases) in small_words().items():
        for _ in range(count):
            writer = Writer(code, rng)
            text = _said(words, phrases, rng)
            if rng.random() < 0.5:
                text = writer.spell(text)
            chance = rng.random()
            if chance < 0.35 and len(text.split()) > 3:
                text = mixed(text, vocabulary, rng, rng.uniform(0.1, 0.5))
            elif chance < 0.5:
                text = _halves(text, vocabulary, rng)
            if len(text.split()) > 3 and rng.random() < 0.25:
                text = names.planted(text, rng, rng.randint(1, 3))
            yield Example(lazy(text, rng), False, f"{code}-Latn", f"everyday-{code}", _drawn(rng))


def _abroad(names: Names, rng: random.Random, count: int) -> Iterator[Example]:
    """Short comments of the other languages, with and without accents."""
    for code, (words, phrases) in small_words(_EVERYDAY).items():
        for _ in range(count):
            text = _said(words, phrases, rng)
            if rng.random() < 0.4:
                text = bare(text)
            if len(text.split()) > 3 and rng.random() < 0.25:
                text = names.planted(text, rng, rng.randint(1, 3))
            yield Example(lazy(text, rng), False, code, f"everyday-{code}", _drawn(rng))


def _said(words: Sequence[str], phrases: Sequence[str], rng: random.Random) -> str:
    if rng.random() < 0.25:
        return rng.choice(phrases)
    return " ".join(rng.choices(words, k=rng.choice((1, 2, 3, 4, 5, 6, 8, 10, 14))))


def _drawn(rng: random.Random) -> Part:
    return rng.choices(("train", "validation", "test"), (8, 1, 1))[0]
