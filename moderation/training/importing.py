"""Somebody's file of labelled comments: known by its columns, cleaned of doubles, reported on.

The file is read row by row. What is kept of a row to know its like again is a sketch of sixteen
numbers (min-wise hashes of its n-grams of five characters; Broder 1997), so that memory is about
half a kilobyte a row whatever the texts are.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from moderation.bulk import unpacked
from moderation.ngrams import Recipe
from moderation.training import corpora, splits
from moderation.training.corpora import CorpusError, Label, Row, Source

FORMATS = corpora.SOURCES.with_name("formats.toml")
LONGEST = 20_480  # bytes of a comment that is not suspicious
ALIKE = 13  # numbers of sixteen that near-duplicates share: some four fifths of their n-grams
_SHINGLES = Recipe(chars=(5, 5), words=(0, 0))
_FACTORS = np.random.default_rng(16).integers(1, 1 << 63, 16, dtype=np.uint64) * np.uint64(
    2
) + np.uint64(1)
_BANDS = 4


class Doubles:
    """Knows texts again that it has seen, the same or nearly so.

    >>> seen = Doubles()
    >>> long = "The council meets again on Monday to talk about the roads"
    >>> [seen.seen(text) for text in (long, long.upper(), long + "!!", "Well said.")]
    [None, 'same', 'same', None]
    """

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._sketches: list[npt.NDArray[np.uint64]] = []
        self._bands: dict[tuple[int, bytes], int] = {}
        self._parts: list[str] = []
        self.crossed = 0  # doubles of which one would have trained and the other measured

    def seen(self, text: str) -> str | None:
        """'same' or 'near' where a text like it came before; else it is remembered."""
        key = splits.key(text)
        if key in self._keys:
            return "same"
        self._keys.add(key)
        hashes = _SHINGLES.hashes(text)
        if not len(hashes):
            return None
        sketch = (hashes[:, None] * _FACTORS).min(axis=0)
        bands = [(at, sketch[at::_BANDS].tobytes()) for at in range(_BANDS)]
        part = splits.part(text)
        for band in bands:
            other = self._bands.get(band)
            if other is not None and (self._sketches[other] == sketch).sum() >= ALIKE:
                self.crossed += part != self._parts[other]
                return "near"
        for band in bands:
            self._bands.setdefault(band, len(self._sketches))
        self._sketches.append(sketch)
        self._parts.append(part)
        return None


@dataclass
class Report:
    """What a file holds."""

    rows: int = 0
    kept: int = 0
    same: int = 0
    near: int = 0
    crossed: int = 0
    empty: int = 0
    long: int = 0
    yes: Counter[str] = field(default_factory=Counter)
    no: Counter[str] = field(default_factory=Counter)

    def to_dict(self) -> dict[str, Any]:
        """For JSON; `labels` tells the balance of those kept."""
        counts = {name: getattr(self, name) for name in "rows kept same near crossed".split()}
        labels = {
            name: {"yes": self.yes[name], "no": self.no[name]}
            for name in sorted({*self.yes, *self.no})
        }
        return {**counts, "suspicious": {"empty": self.empty, "long": self.long}, "labels": labels}


def own(name: str, columns: Mapping[str, str], text: str, licence: str) -> Source:
    """A newsroom's own format: which column says which label."""
    labels = {label: Label(column=column) for label, column in columns.items()}
    return Source(
        name=name,
        file="",
        use="train",
        licence=licence,
        citation="",
        notes="",
        text=(text,),
        labels=labels,
    )


def records(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row's line and cells: of CSV, tab-separated, JSON lines or Parquet, packed or not.

    Raises `CorpusError` where the file, or a line of it, is none of these.
    """
    with ExitStack() as stack:
        inner = path.name.removesuffix(".gz")
        if zipfile.is_zipfile(path) and not inner.endswith(".parquet"):
            packed = stack.enter_context(zipfile.ZipFile(path))
            names = [it for it in packed.namelist() if not it.endswith("/")]
            if len(names) != 1:
                raise CorpusError(f"{path}: must hold one file, not {len(names)}")
            inner, stream = names[0], stack.enter_context(packed.open(names[0]))
        elif inner.endswith(".parquet"):
            yield from _parquet(path)
            return
        else:
            stream = stack.enter_context(unpacked(path))
        lines = io.TextIOWrapper(stream, "utf-8-sig", newline="")
        try:
            yield from _json(lines, path) if _is_json(inner) else _table(lines, inner)
        except UnicodeDecodeError as error:
            raise CorpusError(f"{path}: is not UTF-8: {error.reason}") from None
        except csv.Error as error:
            raise CorpusError(f"{path}: is no table: {error}") from None


def _is_json(name: str) -> bool:
    return name.endswith((".jsonl", ".ndjson", ".json"))


def _table(lines: IO[str], name: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(lines, delimiter="\t" if name.endswith(".tsv") else ",")
    for record in reader:
        yield reader.line_num, {key: value or "" for key, value in record.items() if key}


def _json(lines: Iterable[str], path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError as error:
            raise CorpusError(f"{path}, line {number}: is no JSON: {error}") from None
        if not isinstance(found, dict):
            raise CorpusError(f"{path}, line {number}: must be an object with the columns")
        yield number, {key: _cell(value) for key, value in found.items()}


def _parquet(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        from pyarrow import ArrowException, parquet
    except ModuleNotFoundError:
        raise CorpusError("Parquet needs pyarrow: pip install 'house-rules[parquet]'") from None
    try:
        batches = parquet.ParquetFile(path).iter_batches(1024)
        rows = (row for batch in batches for row in batch.to_pylist())
        for number, row in enumerate(rows, 1):
            yield number, {key: _cell(value) for key, value in row.items()}
    except (ArrowException, OSError) as error:
        raise CorpusError(f"{path}: is no Parquet file: {error}") from None


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return "" if value is None else str(value)


def known() -> dict[str, Source]:
    """Every format that is known, by its name.

    >>> known()["jigsaw_2018"].text
    ('comment_text',)
    """
    return corpora.catalogue() | corpora.catalogue(FORMATS)


def recognised(record: Mapping[str, str], path: Path) -> Source:
    """The known format of a file's first row; of several the one that needs most columns.

    Raises `CorpusError` where there is none, or where several have the same columns.
    """
    fitting = [it for it in known().values() if it.columns <= record.keys()]
    most = max((len(it.columns) for it in fitting), default=0)
    fitting = [it for it in fitting if len(it.columns) == most and list(it.labelled(record))]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(it.name for it in fitting)
        raise CorpusError(f"{path}: its columns are those of {names}; say which with --as NAME")
    columns = ", ".join([*record][:20])
    raise CorpusError(
        f"{path}, line 1: no known corpus has the columns {columns}; say what they mean with "
        "--text COLUMN and --map LABEL=COLUMN"
    )


def rows(path: Path, source: Source | None, report: Report) -> Iterator[tuple[Source, Row]]:
    """The rows worth keeping, once each, while `report` counts. Raises `CorpusError`."""
    doubles = Doubles()
    for line, record in records(path):
        source = source or recognised(record, path)
        if missing := sorted(source.columns - record.keys()):
            raise CorpusError(f"{path}, line {line}: no column '{missing[0]}'")
        report.rows += 1
        report.empty += not any(record[column].strip() for column in source.text)
        for row in _labelled(source, record, f"{path}, line {line}"):
            report.long += len(row.text.encode("utf-8", "replace")) > LONGEST
            again = doubles.seen(row.text)
            report.crossed = doubles.crossed
            if again:
                report.same += again == "same"
                report.near += again == "near"
                continue
            report.kept += 1
            for name, value in row.labels.items():
                (report.yes if value >= 0.5 else report.no)[name.partition(".")[2]] += 1
            yield source, row


def _labelled(source: Source, record: Mapping[str, str], where: str) -> list[Row]:
    for label in source.labels.values():
        if label.column and label.values is None:
            try:
                float(record[label.column] or 0)
            except ValueError:
                raise CorpusError(
                    f"{where}, column '{label.column}': must be a number, "
                    f"not '{record[label.column][:20]}'"
                ) from None
    try:
        return list(source.labelled(record))
    except (ValueError, SyntaxError, TypeError) as error:
        raise CorpusError(f"{where}: {error}") from None


def write(path: Path, source: Source | None, target: Path) -> tuple[Report, str]:
    """Write the rows to `target`, a CSV of `text` and the labels packed with gzip, whole or not.

    Returns the report, and the table that `sources.toml` wants. Raises `CorpusError` also where
    the licence does not let a model learn from the file.
    """
    report = Report()
    partial = target.with_name(f".{target.name}.partial")
    try:
        with gzip.GzipFile(partial, "wb", mtime=0) as packed:
            lines = io.TextIOWrapper(packed, "utf-8", newline="")
            writer = csv.writer(lines)
            names: list[str] = []
            for found, row in rows(path, source, report):
                if not names:
                    if found.use != "train":
                        raise CorpusError(
                            f"{path}: is '{found.name}', whose licence ({found.licence}) lets it "
                            "measure and not train; `corpus check` reads it"
                        )
                    source, names = found, list(found.labels)
                    writer.writerow(["text", *names])
                said = [row.labels.get(f"{found.name}.{name}", "") for name in names]
                writer.writerow([row.text, *said])
            lines.flush()
            lines.detach()
        if source is None or not names:
            raise CorpusError(f"{path}: has no row with a text and a label")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return report, _entry(source, target)


def _entry(source: Source, target: Path) -> str:
    quoted = json.dumps
    lines = [
        "[[source]]",
        f"name = {quoted(source.name)}",
        f"file = {quoted(target.name)}",
        'use = "train"',
        f"licence = {quoted(source.licence)}",
        f"citation = {quoted(source.citation)}",
        f"notes = {quoted(source.notes)}",
        "[source.labels]",
        *(f"{name} = {{ column = {quoted(name)} }}" for name in source.labels),
    ]
    return "\n".join(lines) + "\n"
