"""The dataset of the language model: English as readers write it, and everything else.

The corpora lack some kinds of text, which are generated: romanised Indic text (`romanise.py`),
code-mixed sentences, English with many Indian names, and English with quotations. A generated text
is in the same part (train, validation, test) as the row it was generated from.
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
from moderation.training.corpora.perturb import Names, as_typed, code_mixed
from moderation.training.corpora.splits import Part, part
from moderation.training.language.romanise import Writer, romanise

log = logging.getLogger(__name__)

FILE = "english/train.csv.gz"
EVERYDAY = 4000  # generated comments of each romanised language
_ROMANISED = Path(__file__).with_name("romanised.toml")
_EVERYDAY = Path(__file__).with_name("everyday.toml")
_LENGTHS = ((1, 3), (4, 8), (4, 8), (9, 20), (9, 20), (21, 60))  # words of a comment's excerpt
_ACCENTS = regex.compile(r"(?<=\p{Latin})\p{Mn}")
_MIN_WORDS_QUOTING = 6  # of an English text that gets a quotation
_COMMENT_SHARE = 0.5  # of the comments in the abuse data sets; more are no improvement
_ALL_COMMENTS = {"youtube_spam", "sms_spam"}  # small, and closest to how readers type
_HINGLISH_VERSIONS = 3  # of each row of Hinglish-TOP
_SPELLINGS_PER_ROW = 6  # of each native-script row


class Example(NamedTuple):
    """A text with its labels, the source it is from, and its part of the split."""

    text: str
    english: bool
    language: str
    source: str
    part: Part


def word_tables(path: Path = _ROMANISED) -> dict[str, tuple[list[str], list[str]]]:
    """Return the everyday words and the short comments of each language, by its code."""
    return {
        code: (
            table["words"].split(),
            [*filter(None, regex.split(r"\s*[|\n]\s*", table["phrases"]))],
        )
        for code, table in tomllib.loads(path.read_text("utf-8")).items()
    }


def examples(data: Path, seed: int, everyday: int = EVERYDAY) -> Iterator[Example]:
    """Return all examples of the folder and all generated ones, in a fixed order.

    `everyday` short comments are generated for each romanised language, and half as many for each
    other language of `everyday.toml`.
    """
    rng = random.Random(seed)  # noqa: S311 - for variety, not for secrets
    names = Names.load()
    rows = list(_rows(data / FILE))
    known = {word for row in rows if row.english for word in row.text.lower().split()}
    comments = [row for row in _comments(data, rng) if _looks_english(row.text, known)]
    english = [row for row in rows if row.english] + comments
    vocabulary = [word for row in english[:20_000] for word in row.text.split() if word.islower()]
    yield from rows
    yield from comments
    yield from _without_accents(rows)
    yield from _hinglish(rows, names, rng)
    yield from _with_typos(english, rng)
    yield from _with_names(english, names, rng)
    yield from _with_quotations(english, rows, names, rng)
    yield from _romanised(rows, vocabulary, names, rng)
    yield from _romanised_comments(vocabulary, names, rng, everyday)
    yield from _other_comments(names, rng, everyday // 2)


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
    """Return an excerpt of random length of each comment in the training data sets."""
    for source in catalogue.sources().values():
        if source.use != "train":
            continue
        if not (data / source.file).is_file():
            log.warning(
                "%s is missing: English comments of '%s' are left out", source.file, source.name
            )
            continue
        for row in source.rows(data):
            if rng.random() > _COMMENT_SHARE and source.name not in _ALL_COMMENTS:
                continue
            words = row.text.split()
            shortest, longest = rng.choice(_LENGTHS)
            count = rng.randint(shortest, longest)
            start = rng.randint(0, max(len(words) - count, 0))
            excerpt = " ".join(words[start : start + count])
            if excerpt:
                yield Example(excerpt, True, "en", source.name, row.part)


def _looks_english(text: str, known: set[str]) -> bool:
    """Return whether enough words are known; a few comments in the data sets are not English."""
    words = text.lower().split()
    return len(words) < 5 or sum(word in known for word in words) > 0.3 * len(words)


def _without_accents(rows: Iterable[Example]) -> Iterator[Example]:
    """Return foreign text without accents, as people type it on an English keyboard."""
    for row in rows:
        if not row.english and row.source.startswith("lat-"):
            text = strip_accents(row.text)
            if text != row.text:
                yield row._replace(text=text, source="bare-" + row.language)


def strip_accents(text: str) -> str:
    """Remove the accents of Latin letters.

    >>> strip_accents("où ça?")
    'ou ca?'
    """
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))


def _hinglish(rows: Iterable[Example], names: Names, rng: random.Random) -> Iterator[Example]:
    """Return versions of Hinglish-TOP, real Hinglish and its translations, with typing errors."""
    for row in rows:
        if "hitop" in row.source:
            for _ in range(_HINGLISH_VERSIONS):
                text = row.text
                if rng.random() < 0.3:
                    text = names.plant(text, rng, 1)
                yield row._replace(text=as_typed(text, rng), source="spoken")


def _with_typos(english: Sequence[Example], rng: random.Random) -> Iterator[Example]:
    """Return English with typing errors, in small letters or capitals."""
    for row in english:
        if rng.random() < 0.25:
            yield row._replace(text=as_typed(row.text, rng), source="typed")


def _with_names(english: Sequence[Example], names: Names, rng: random.Random) -> Iterator[Example]:
    """Return English with one to ten names, loan words or slogans in it."""
    for row in english:
        count = len(row.text.split())
        if count < 3 or rng.random() > 0.5:
            continue
        text = names.plant(row.text, rng, rng.randint(1, min(10, 1 + count)))
        if rng.random() < 0.15 and count > 4:
            slogan = rng.choice(names.slogans)
            text = f"{slogan}! {text}" if rng.random() < 0.5 else f"{text} {slogan}"
        text = text.lower() if rng.random() < 0.4 else as_typed(text, rng)
        yield row._replace(text=text, source="named")


def _with_quotations(
    english: Sequence[Example], rows: Sequence[Example], names: Names, rng: random.Random
) -> Iterator[Example]:
    """Return English with a foreign quotation of up to a fifth of its words.

    A well-known phrase (a slogan, the title of a film) may be longer, and without quotation marks.
    """
    foreign = [row for row in rows if row.source.startswith(("lat-", "rom-"))]
    for row in english:
        words = row.text.split()
        if len(words) < _MIN_WORDS_QUOTING or not foreign or rng.random() > 0.12:
            continue
        other = rng.choice(foreign)
        quoted = other.text.split()[: max(1, len(words) // 5)]
        phrase = f'"{" ".join(quoted)}"'
        if len(words) < 2 * _MIN_WORDS_QUOTING or rng.random() < 0.3:
            phrase = rng.choice(names.slogans)
            phrase = phrase if rng.random() < 0.5 else f'"{phrase}"'
        place = rng.randint(0, len(words))
        text = as_typed(" ".join([*words[:place], phrase, *words[place:]]), rng)
        if other.part == row.part:
            yield row._replace(text=text, source="quoting")


def _romanised(
    rows: Sequence[Example],
    vocabulary: Sequence[str],
    names: Names,
    rng: random.Random,
) -> Iterator[Example]:
    """Return native-script rows in several romanised spellings, pure and mixed with English."""
    tables = word_tables()
    for row in rows:
        if row.source == "rom-hitop" and rng.random() < 0.5:
            yield row._replace(text=as_typed(code_mixed(row.text, vocabulary, rng, 0.15), rng))
        code = row.language
        if not row.source.startswith("nat-") or code not in tables:
            continue
        for version in range(_SPELLINGS_PER_ROW):
            text = romanise(row.text, code, rng)
            words = text.split()
            source = f"rom-{code}"
            if version >= _SPELLINGS_PER_ROW // 2 and len(words) > 3:
                text = _add_everyday_words(words, tables[code][0], rng)
                source = f"chat-{code}"
            if version == _SPELLINGS_PER_ROW - 1 and len(words) > 3:
                text = code_mixed(text, vocabulary, rng, rng.uniform(0.15, 0.5))
                source = f"mixed-{code}"
            if version == _SPELLINGS_PER_ROW - 2 and len(words) > 3:
                text = _join_english(text, vocabulary, rng)
                source = f"mixed-{code}"
            if len(words) > 3 and rng.random() < 0.2:
                text = names.plant(text, rng, rng.randint(1, 3))
            yield Example(as_typed(text, rng), False, f"{code}-Latn", source, row.part)


def _add_everyday_words(
    words: Sequence[str], everyday_words: Sequence[str], rng: random.Random
) -> str:
    """Return an excerpt of formal text with everyday words inserted at random places."""
    start = rng.randint(0, max(len(words) - 4, 0))
    excerpt = list(words[start : start + rng.randint(2, 10)])
    for _ in range(rng.randint(1, len(excerpt) + 2)):
        excerpt.insert(rng.randint(0, len(excerpt)), rng.choice(everyday_words))
    return " ".join(excerpt)


def _join_english(foreign: str, vocabulary: Sequence[str], rng: random.Random) -> str:
    """Return `foreign` before or after at most as many random English words."""
    english = " ".join(rng.choices(vocabulary, k=rng.randint(1, len(foreign.split()))))
    return f"{english} {foreign}" if rng.random() < 0.5 else f"{foreign} {english}"


def _romanised_comments(
    vocabulary: Sequence[str],
    names: Names,
    rng: random.Random,
    count: int,
) -> Iterator[Example]:
    """Return `count` short comments of each romanised language.

    A comment is a phrase of the language's table, or words of the table in random order. Such
    words are not a sentence, but a model of n-grams cannot tell.
    """
    for code, (words, phrases) in word_tables().items():
        for _ in range(count):
            writer = Writer(code, rng)
            text = _random_comment(words, phrases, rng)
            if rng.random() < 0.5:
                text = writer.spell(text)
            chance = rng.random()
            if chance < 0.35 and len(text.split()) > 3:
                text = code_mixed(text, vocabulary, rng, rng.uniform(0.1, 0.5))
            elif chance < 0.5:
                text = _join_english(text, vocabulary, rng)
            if len(text.split()) > 3 and rng.random() < 0.25:
                text = names.plant(text, rng, rng.randint(1, 3))
            source = f"everyday-{code}"
            yield Example(as_typed(text, rng), False, f"{code}-Latn", source, _random_part(rng))


def _other_comments(names: Names, rng: random.Random, count: int) -> Iterator[Example]:
    """Return `count` short comments of each other language, with and without accents."""
    for code, (words, phrases) in word_tables(_EVERYDAY).items():
        for _ in range(count):
            text = _random_comment(words, phrases, rng)
            if rng.random() < 0.4:
                text = strip_accents(text)
            if len(text.split()) > 3 and rng.random() < 0.25:
                text = names.plant(text, rng, rng.randint(1, 3))
            yield Example(as_typed(text, rng), False, code, f"everyday-{code}", _random_part(rng))


def _random_comment(words: Sequence[str], phrases: Sequence[str], rng: random.Random) -> str:
    if rng.random() < 0.25:
        return rng.choice(phrases)
    return " ".join(rng.choices(words, k=rng.choice((1, 2, 3, 4, 5, 6, 8, 10, 14))))


def _random_part(rng: random.Random) -> Part:
    return rng.choices(("train", "validation", "test"), (8, 1, 1))[0]
