"""Build the dataset of the language model: English as readers write it, and other languages.

The corpora lack some kinds of text, which are generated: Indian languages in Latin letters
(`romanise.py`), sentences that mix two languages (code-mixing), English with many Indian names, and
English with quotations. A generated text is in the same split (train, validation or test) as the
text it was generated from.
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
    """A text, whether it is English, its language, the source that it is from, and its split."""

    text: str
    english: bool
    language: str
    source: str
    part: Part


def word_tables(path: Path = _ROMANISED) -> dict[str, tuple[list[str], list[str]]]:
    """Return the everyday words and the short comments of each language, by the language's code."""
    return {
        code: (
            table["words"].split(),
            [*filter(None, regex.split(r"\s*[|\n]\s*", table["phrases"]))],
        )
        for code, table in tomllib.loads(path.read_text("utf-8")).items()
    }


def examples(data: Path, seed: int, everyday: int = EVERYDAY) -> Iterator[Example]:
    """Yield the examples in the folder `data`, and those generated from them, in a fixed order.

    `everyday` is the number of short comments to generate for each language of `romanised.toml`.
    Half as many are generated for each language of `everyday.toml`.
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
    """Yield one excerpt of random length from each of many comments in the training corpora."""
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
    """Return whether enough of the text's words are in `known`, the words of English texts.

    This leaves out the few comments in the corpora that are not English.
    """
    words = text.lower().split()
    return len(words) < 5 or sum(word in known for word in words) > 0.3 * len(words)


def _without_accents(rows: Iterable[Example]) -> Iterator[Example]:
    """Yield foreign texts without accents, as people type them on an English keyboard."""
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
    """Yield the texts of the corpus Hinglish-TOP with typing errors and other variations.

    The texts are real sentences that mix Hindi and English, and their English translations.
    """
    for row in rows:
        if "hitop" in row.source:
            for _ in range(_HINGLISH_VERSIONS):
                text = row.text
                if rng.random() < 0.3:
                    text = names.plant(text, rng, 1)
                yield row._replace(text=as_typed(text, rng), source="spoken")


def _with_typos(english: Sequence[Example], rng: random.Random) -> Iterator[Example]:
    """Yield English texts with typing errors, in small letters or in capitals."""
    for row in english:
        if rng.random() < 0.25:
            yield row._replace(text=as_typed(row.text, rng), source="typed")


def _with_names(english: Sequence[Example], names: Names, rng: random.Random) -> Iterator[Example]:
    """Yield English texts into which one to ten names, loan words or slogans were inserted."""
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
    """Yield English texts with a foreign quotation, which has up to a fifth of the text's words.

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
    """Yield texts in Indian scripts as people would spell them in Latin letters.

    Each text is spelt in several ways. Some of the results are mixed with English.
    """
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
    """Return a random excerpt of a text, with everyday words inserted at random places.

    `words` are the words of the text, which is in formal language.
    """
    start = rng.randint(0, max(len(words) - 4, 0))
    excerpt = list(words[start : start + rng.randint(2, 10)])
    for _ in range(rng.randint(1, len(excerpt) + 2)):
        excerpt.insert(rng.randint(0, len(excerpt)), rng.choice(everyday_words))
    return " ".join(excerpt)


def _join_english(foreign: str, vocabulary: Sequence[str], rng: random.Random) -> str:
    """Return the text `foreign` with random English words before or after it.

    There are at most as many English words as `foreign` has words.
    """
    english = " ".join(rng.choices(vocabulary, k=rng.randint(1, len(foreign.split()))))
    return f"{english} {foreign}" if rng.random() < 0.5 else f"{foreign} {english}"


def _romanised_comments(
    vocabulary: Sequence[str],
    names: Names,
    rng: random.Random,
    count: int,
) -> Iterator[Example]:
    """Yield `count` short comments in Latin letters for each language of `romanised.toml`.

    A comment is a phrase from the language's table in this file, or words of the table in random
    order. Random words are no sentence, but a model of n-grams cannot tell the difference.
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
    """Yield `count` short comments for each language of `everyday.toml`.

    Some of the comments are written without accents.
    """
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
