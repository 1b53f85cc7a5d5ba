"""The public sets of labelled comments, read row by row as `data/sources.toml` says.

Every label keeps its source's name ("jigsaw.toxic", "civil.toxic"), because sets that use the
same word mean different things by it. A row has only the labels its set speaks about.
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
    """A data folder that does not fit `sources.toml`; the message names file and column."""


@dataclass(frozen=True, slots=True)
class Row:
    """A comment, the set it came from, and what that set says of it, 0..1 by label.

    `natural` tells that it was drawn without looking for abuse, `marks` are the stretches of
    `text` that readers found offensive (only where the set marks them).
    """

    text: str
    source: str
    labels: Mapping[str, float]
    natural: bool = False
    marks: tuple[tuple[int, int], ...] = field(default=(), repr=False)

    @property
    def part(self) -> splits.Part:
        """Whether it trains, tunes or tests: by its text, so that twins stay together."""
        return splits.part(self.text)


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Label(_Strict):
    """What one column says; see the head of `sources.toml`."""

    column: str | None = None
    scale: tuple[float, float] | None = None
    values: dict[str, float | Literal["skip"]] | None = None
    otherwise: float | None = None
    weights: str | None = None
    texts: dict[str, float] | None = None

    def read(self, record: Mapping[str, str], text_column: str) -> float | None:
        """The label's value in a record; None where it says nothing. Raises `ValueError`."""
        if self.texts is not None:
            return self.texts.get(text_column)
        said = record[self.column or ""]
        if self.values is not None and self.weights is not None:
            return self._mean(self.values, said, record.get(self.weights, ""))
        if self.values is not None:
            value = self.values.get(said, self.otherwise)
            return None if value == "skip" else value
        if said == "":
            return None
        low, high = self.scale or (0.0, 1.0)
        return min(max((float(said) - low) / (high - low), 0.0), 1.0)

    def _mean(
        self, values: Mapping[str, float | Literal["skip"]], said: str, weights: str
    ) -> float | None:
        """The mean of what stands there, where there are several answers and how sure each is."""
        answers, sure = _listed(said), [float(it) for it in _listed(weights)]
        sure = sure or [1.0] * len(answers)
        if len(sure) != len(answers):
            raise ValueError(
                f"column '{self.weights}': must have {len(answers)} numbers, as many as "
                f"'{self.column}' has answers, not {len(sure)}"
            )
        found = [(values.get(it, self.otherwise), by) for it, by in zip(answers, sure, strict=True)]
        told = [(value, by) for value, by in found if isinstance(value, float)]
        total = sum(by for _, by in told)
        return sum(value * by for value, by in told) / total if total else None


class Natural(_Strict):
    """The rows of a set that keep the natural mix."""

    column: str
    equals: str


class Source(_Strict):
    """One public set."""

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
        """Every column that must be there."""
        named = {label.column for label in self.labels.values()} | {self.marks}
        if isinstance(self.natural, Natural):
            named.add(self.natural.column)
        return {*self.text, *(column for column in named if column)}

    def rows(self, data: Path) -> Iterator[Row]:
        """The rows of the set under `data`. Raises `CorpusError` naming file and column."""
        path = data / self.file
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = sorted(self.columns - set(reader.fieldnames or ()))
            if missing:
                raise CorpusError(f"{path}: no column '{missing[0]}'")
            for record in reader:
                try:
                    yield from self.labelled(record)
                except (ValueError, SyntaxError, TypeError) as error:
                    raise CorpusError(f"{path}, line {reader.line_num}: {error}") from error

    def labelled(self, record: Mapping[str, str]) -> Iterator[Row]:
        """The rows that a record makes. Raises `ValueError`, `SyntaxError` or `TypeError`."""
        natural = (
            self.natural
            if isinstance(self.natural, bool)
            else record[self.natural.column] == self.natural.equals
        )
        marks = _stretches(ast.literal_eval(record[self.marks])) if self.marks else ()
        for column in self.text:
            found = {
                f"{self.name}.{name}": label.read(record, column)
                for name, label in self.labels.items()
            }
            labels = {name: value for name, value in found.items() if value is not None}
            if record[column] and labels:
                yield Row(record[column], self.name, labels, natural, marks)

    def entry(self, data: Path, rows: int) -> dict[str, Any]:
        """What a model's card says of this set; the hash is that of the file as it was."""
        return {
            "name": self.name,
            "file": self.file,
            "rows": rows,
            "licence": self.licence,
            "citation": self.citation,
            "sha256": sha256(data / self.file),
        }


def sources(path: Path | None = None) -> dict[str, Source]:
    """The sets of `sources.toml` (or of a file of your own) by name.

    >>> sources()["civil"].licence
    'CC0-1.0'
    """
    path = path or SOURCES
    try:
        tables = tomllib.loads(path.read_text("utf-8")).get("source", [])
        found = [Source.model_validate(table) for table in tables]
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise CorpusError(f"{path}: {error}") from error
    return {source.name: source for source in found}


def rows(data: Path, use: Use, listing: Path | None = None) -> Iterator[Row]:
    """Every row of the sets of that use, set by set. Raises `CorpusError`.

    A missing file is named before the first row comes; one that is not the file the shipped
    models learned from is used, with a warning.
    """
    chosen = [source for source in sources(listing).values() if source.use == use]
    for source in chosen:
        path = data / source.file
        if not path.is_file():
            raise CorpusError(f"{path}: there is no such file (set '{source.name}')")
        if source.sha256 and sha256(path) != source.sha256:
            log.warning("%s is not the file that sources.toml names; figures will differ", path)
    return itertools.chain.from_iterable(source.rows(data) for source in chosen)


def named(label: str) -> list[str]:
    """That label of every set that trains, in the order of `sources.toml`.

    >>> named("spam")
    ['youtube_spam.spam', 'sms_spam.spam']
    """
    known = (it for it in sources().values() if it.use == "train")
    return [f"{it.name}.{label}" for it in known if label in it.labels]


def tell_unread(model: str, labels: Iterable[str]) -> None:
    """Say which sets that train have no label among those that the model learns from."""
    read = {label.partition(".")[0] for label in labels}
    if others := [
        it.name for it in sources().values() if it.use == "train" and it.name not in read
    ]:
        log.info("%s learns nothing from: %s", model, ", ".join(others))


def digests(data: Path, use: Use) -> dict[str, str]:
    """The hash of every file of that use under `data`, by the set's name. Raises `CorpusError`."""
    try:
        return {it.name: sha256(data / it.file) for it in sources().values() if it.use == use}
    except OSError as error:
        raise CorpusError(f"{error.filename}: there is no such file") from None


def sha256(path: Path) -> str:
    """The file's hash, as `sources.toml` and the cards have it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _listed(cell: str) -> list[str]:
    """The entries of a list in a cell, however it is written.

    >>> _listed("1\\n2"), _listed("['yes', 'no']"), _listed("")
    (['1', '2'], ['yes', 'no'], [])
    """
    entries = re.split(r"[\n,;|]", cell.strip().strip("[]"))
    return [it.strip().strip("'\"") for it in entries if it.strip()]


def _stretches(offsets: list[int]) -> tuple[tuple[int, int], ...]:
    """Single characters to stretches, `end` exclusive.

    >>> _stretches([3, 4, 5, 9])
    ((3, 6), (9, 10))
    """
    found: list[tuple[int, int]] = []
    for offset in sorted(offsets):
        if found and found[-1][1] == offset:
            found[-1] = (found[-1][0], offset + 1)
        else:
            found.append((offset, offset + 1))
    return tuple(found)
