"""Read the public corpora of labelled comments that `data/sources.toml` lists.

The name of a label begins with its corpus ("jigsaw.toxic", "civil.toxic"), because corpora mean
different things by the same word. A row has only the labels that its corpus annotates.
"""

from __future__ import annotations

import ast
import csv
import gzip
import hashlib
import itertools
import logging
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from moderation.paths import DATA
from moderation.training.corpora import splits

SOURCES = DATA / "sources.toml"

Use = Literal["train", "validate"]

log = logging.getLogger(__name__)
csv.field_size_limit(1 << 24)  # one comment may be longer than the module's 128 kB


class CorpusError(ValueError):
    """A corpus does not have the expected format. The message names the file, line and column."""


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled comment.

    `labels` maps each label to a value from 0 to 1. `natural` is true if the comment was sampled at
    random from its source, so that the share of abuse among natural comments is the real share.
    `marks` are the spans of `text` that annotators marked as offensive (`end` is exclusive).
    `marks` is empty if the corpus has none.
    """

    text: str
    source: str
    labels: Mapping[str, float]
    natural: bool = False
    marks: tuple[tuple[int, int], ...] = field(default=(), repr=False)

    @property
    def part(self) -> splits.Part:
        """The row's split: train, validation or test.

        Rows with the same text have the same split.
        """
        return splits.part(self.text)


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Label(_Strict):
    """How to find a label's value in a record, which is a row of a corpus's file.

    The comment at the top of `data/sources.toml` explains the fields.
    """

    column: str | None = None
    scale: tuple[float, float] | None = None
    values: dict[str, float | Literal["skip"]] | None = None
    otherwise: float | None = None
    weights: str | None = None
    texts: dict[str, float] | None = None

    def read(self, record: Mapping[str, str], text_column: str) -> float | None:
        """Return the label's value in a record (a row of a corpus's file); None if it has no value.

        A record can have several texts. `text_column` is the column of the text to be labelled.
        Raises `ValueError` if a cell cannot be read.
        """
        if self.texts is not None:
            return self.texts.get(text_column)
        cell = record[self.column or ""]
        if self.values is not None and self.weights is not None:
            return self._weighted_mean(self.values, cell, record.get(self.weights, ""))
        if self.values is not None:
            value = self.values.get(cell, self.otherwise)
            return None if value == "skip" else value
        if cell == "":
            return None
        low, high = self.scale or (0.0, 1.0)
        return min(max((float(cell) - low) / (high - low), 0.0), 1.0)

    def _weighted_mean(
        self, values: Mapping[str, float | Literal["skip"]], cell: str, weight_cell: str
    ) -> float | None:
        """Return the mean of the annotators' answers in `cell`, weighted by their confidence.

        `values` maps an answer to a number. `weight_cell` lists the confidence of each annotator.
        """
        answers, weights = _entries(cell), [float(entry) for entry in _entries(weight_cell)]
        weights = weights or [1.0] * len(answers)
        if len(weights) != len(answers):
            raise ValueError(
                f"column '{self.weights}': must have {len(answers)} numbers, as many as "
                f"'{self.column}' has answers, not {len(weights)}"
            )
        weighted = [
            (values.get(answer, self.otherwise), weight)
            for answer, weight in zip(answers, weights, strict=True)
        ]
        numbers = [(value, weight) for value, weight in weighted if isinstance(value, float)]
        total = sum(weight for _, weight in numbers)
        return sum(value * weight for value, weight in numbers) / total if total else None


class Natural(_Strict):
    """How to recognise a corpus's rows that were sampled at random.

    In these rows, the column `column` has the value `equals`.
    """

    column: str
    equals: str


class Source(_Strict):
    """A corpus, as an entry of `sources.toml` describes it."""

    name: str
    file: str
    use: Use
    licence: str
    citation: str
    notes: str
    home: str = ""
    sha256: str | None = None
    text: tuple[str, ...] = ("text",)
    natural: bool | Natural = False
    marks: str | None = None
    labels: dict[str, Label]

    @property
    def columns(self) -> set[str]:
        """The names of all columns that the corpus's file must have."""
        columns = {label.column for label in self.labels.values()} | {self.marks}
        if isinstance(self.natural, Natural):
            columns.add(self.natural.column)
        return {*self.text, *(column for column in columns if column)}

    def rows(self, data: Path) -> Iterator[Row]:
        """Yield the rows of the corpus, read from its file in the folder `data`.

        Raises `CorpusError` if the file does not have the expected format.
        """
        path = data / self.file
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = sorted(self.columns - set(reader.fieldnames or ()))
            if missing:
                raise CorpusError(f"{path}: no column '{missing[0]}'")
            for record in reader:
                try:
                    yield from self.parse(record)
                except (ValueError, SyntaxError, TypeError) as error:
                    raise CorpusError(f"{path}, line {reader.line_num}: {error}") from error

    def parse(self, record: Mapping[str, str]) -> Iterator[Row]:
        """Yield a labelled comment for each text in a record, which is a row of the corpus's file.

        A text without labels is left out.

        Raises `ValueError`, `SyntaxError` or `TypeError` if a cell cannot be read.
        """
        natural = (
            self.natural
            if isinstance(self.natural, bool)
            else record[self.natural.column] == self.natural.equals
        )
        marks = _spans(ast.literal_eval(record[self.marks])) if self.marks else ()
        for column in self.text:
            values = {
                f"{self.name}.{name}": label.read(record, column)
                for name, label in self.labels.items()
            }
            labels = {name: value for name, value in values.items() if value is not None}
            if record[column] and labels:
                yield Row(record[column], self.name, labels, natural, marks)

    def entry(self, data: Path, rows: int) -> dict[str, Any]:
        """Return the description of the corpus for a model's card, with the hash of its file."""
        return {
            "name": self.name,
            "file": self.file,
            "rows": rows,
            "licence": self.licence,
            "citation": self.citation,
            "sha256": sha256(data / self.file),
        }


def sources(path: Path | None = None) -> dict[str, Source]:
    """Return the corpora that `sources.toml`, or the file `path`, lists, by name.

    >>> sources()["civil"].licence
    'CC0-1.0'
    """
    path = path or SOURCES
    try:
        tables = tomllib.loads(path.read_text("utf-8")).get("source", [])
        corpora = [Source.model_validate(table) for table in tables]
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise CorpusError(f"{path}: {error}") from error
    return {source.name: source for source in corpora}


def rows(data: Path, use: Use, listing: Path | None = None) -> Iterator[Row]:
    """Return an iterator over the rows of all corpora with this `use`, one corpus after the other.

    `use` is the purpose that `sources.toml` gives for a corpus, such as training. `listing` is a
    file to read instead of `sources.toml`. Raises `CorpusError` if a corpus cannot be read. All
    files are looked for before the first row is read. Logs a warning if a file is not the one that
    the shipped models were trained on.
    """
    selected = [source for source in sources(listing).values() if source.use == use]
    for source in selected:
        path = data / source.file
        if not path.is_file():
            raise CorpusError(f"{path}: there is no such file (corpus '{source.name}')")
        if source.sha256 and sha256(path) != source.sha256:
            log.warning(
                "%s differs from the file that sources.toml names; metrics will differ", path
            )
    return itertools.chain.from_iterable(source.rows(data) for source in selected)


def labels_named(label: str) -> list[str]:
    """Return the full names of a label: one for each training corpus that has it.

    >>> labels_named("spam")
    ['youtube_spam.spam', 'sms_spam.spam']
    """
    training = (source for source in sources().values() if source.use == "train")
    return [f"{source.name}.{label}" for source in training if label in source.labels]


def log_unused_sources(model: str, labels: Iterable[str]) -> None:
    """Log the training corpora that have none of the labels that `model` is trained on."""
    used = {label.partition(".")[0] for label in labels}
    if unused := [
        source.name
        for source in sources().values()
        if source.use == "train" and source.name not in used
    ]:
        log.info("%s learns nothing from: %s", model, ", ".join(unused))


def digests(data: Path, use: Use) -> dict[str, str]:
    """Return the SHA-256 hash of each corpus's file, by the corpus's name. Raises `CorpusError`."""
    try:
        return {
            source.name: sha256(data / source.file)
            for source in sources().values()
            if source.use == use
        }
    except OSError as error:
        raise CorpusError(f"{error.filename}: there is no such file") from None


def sha256(path: Path) -> str:
    """Return a file's SHA-256 hash in hexadecimal, as `sources.toml` and model cards write it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _entries(cell: str) -> list[str]:
    """Return the entries of a list that is written in a cell, in any of the usual notations.

    >>> _entries("1\\n2"), _entries("['yes', 'no']"), _entries("")
    (['1', '2'], ['yes', 'no'], [])
    """
    entries = re.split(r"[\n,;|]", cell.strip().strip("[]"))
    return [entry.strip().strip("'\"") for entry in entries if entry.strip()]


def _spans(offsets: list[int]) -> tuple[tuple[int, int], ...]:
    """Join adjacent character offsets into spans (start, end), where `end` is exclusive.

    >>> _spans([3, 4, 5, 9])
    ((3, 6), (9, 10))
    """
    spans: list[tuple[int, int]] = []
    for offset in sorted(offsets):
        if spans and spans[-1][1] == offset:
            spans[-1] = (spans[-1][0], offset + 1)
        else:
            spans.append((offset, offset + 1))
    return tuple(spans)
