"""Somebody's file of labelled comments: known by its columns, cleaned of doubles, reported on."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

from moderation.training.corpora import catalogue
from moderation.training.corpora.catalogue import CorpusError, Label, Natural, Row, Source
from moderation.training.corpora.duplicates import Duplicates
from moderation.training.corpora.formats import unfolded
from moderation.training.corpora.tables import records

FORMATS = catalogue.SOURCES.with_name("formats.toml")
LONGEST = 20_480  # bytes of a comment that is not suspicious
MOST = 20  # misfits that are named at once
_NATURAL, _MARKS = "natural", "marks"  # columns of what is written, where the corpus has them


@dataclass
class Report:
    """What a file holds."""

    rows: int = 0
    kept: int = 0
    same: int = 0
    near: int = 0
    crossed: int = 0
    contradictory: int = 0
    contradictions: Sequence[tuple[int, int]] = ()
    unlabelled: int = 0
    empty: int = 0
    long: int = 0
    yes: Counter[str] = field(default_factory=Counter)
    no: Counter[str] = field(default_factory=Counter)

    def to_dict(self, suspicious: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """For JSON, with what else is suspicious; `labels` tells the balance of those kept."""
        names = "rows kept same near crossed contradictory unlabelled".split()
        labels = {
            name: {"yes": self.yes[name], "no": self.no[name]}
            for name in sorted({*self.yes, *self.no})
        }
        return {
            **{name: getattr(self, name) for name in names},
            "suspicious": {
                "empty": self.empty,
                "long": self.long,
                "contradictory": [list(lines) for lines in self.contradictions],
                **(suspicious or {}),
            },
            "labels": labels,
        }


class Found(NamedTuple):
    """A row worth keeping, the line it stands in, and the corpus that it is of."""

    line: int
    source: Source
    row: Row


class Written(NamedTuple):
    """What was written: the corpus it is, and the table that `sources.toml` wants."""

    source: Source
    table: str


def too_long(text: str) -> bool:
    """Whether a comment is longer than any that a service takes."""
    return len(text.encode("utf-8", "replace")) > LONGEST


def own(name: str, columns: Mapping[str, str], text: str) -> Source:
    """A newsroom's own format: which column says which label."""
    labels = {label: Label(column=column) for label, column in columns.items()}
    return Source(
        name=name,
        file="",
        use="train",
        licence="",
        citation="",
        notes="",
        text=(text,),
        labels=labels,
    )


def known() -> dict[str, Source]:
    """Every format that is known, by its name.

    >>> known()["jigsaw_2018"].text
    ('comment_text',)
    """
    return catalogue.sources() | catalogue.sources(FORMATS)


def recognised(record: Mapping[str, str], path: Path) -> Source:
    """The known format of a file's first row.

    Of several it is the one that needs most columns, or whose file has this name. Raises
    `CorpusError` where there is none, or where several have the same columns.
    """
    fitting = [it for it in known().values() if it.columns <= record.keys()]
    most = max((len(it.columns) for it in fitting), default=0)
    fitting = [it for it in fitting if len(it.columns) == most]
    if len(fitting) > 1:
        fitting = [it for it in fitting if _says_something(it, record)] or fitting
        fitting = [it for it in fitting if Path(it.file).name == path.name] or fitting
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


def _says_something(source: Source, record: Mapping[str, str]) -> bool:
    try:
        return bool(list(source.labelled(record)))
    except (ValueError, SyntaxError, TypeError):
        return False


def rows(
    path: Path, source: Source | None, report: Report, opened: IO[bytes] | None = None
) -> Iterator[Found]:
    """The rows worth keeping, once each, while `report` counts. Raises `CorpusError`.

    `source` says what the columns mean; else the file is known by them. `opened` is the file,
    where somebody counts what is read of it. From the first misfit on no more rows come, but
    the file is read on until `MOST` can be named together.
    """
    doubles, misfits = Duplicates(), list[str]()
    numbered = records(path, opened)
    mine = source is not None and source.name not in known()
    for line, record in numbered if mine else unfolded(path, numbered):
        source = source or recognised(record, path)
        if missing := sorted(source.columns - record.keys()):
            if not report.rows:
                columns = ", ".join([*record][:20])
                raise CorpusError(f"{path}: no column '{missing[0]}'; its columns are {columns}")
            raise CorpusError(f"{path}, line {line}: no column '{missing[0]}'")
        report.rows += 1
        empty = not any(record[column].strip() for column in source.text)
        try:
            made = _labelled(source, record)
        except ValueError as error:
            misfits.append(f"line {line}{error}")
            if len(misfits) == MOST:
                break
        if misfits:
            continue
        report.empty += empty
        report.unlabelled += not made and not empty
        for row in made:
            report.long += too_long(row.text)
            again = doubles.seen(row.text, row.labels, line)
            report.crossed, report.contradictory = doubles.crossed, doubles.contradictory
            report.contradictions = doubles.contradictions
            if again:
                report.same += again == "same"
                report.near += again == "near"
                continue
            report.kept += 1
            for name, value in row.labels.items():
                (report.yes if value >= 0.5 else report.no)[name.partition(".")[2]] += 1
            yield Found(line, source, row)
    if misfits:
        more = "; perhaps more" * (len(misfits) == MOST)
        raise CorpusError(f"{path}, {'; '.join(misfits)}{more}")


def _fits(label: Label, said: str) -> bool:
    """Whether a cell holds a number that can be a label, or nothing."""
    try:
        value = float(said or 0)
    except ValueError:
        return False
    return math.isfinite(value) if label.scale else 0 <= value <= 1


def _labelled(source: Source, record: Mapping[str, str]) -> list[Row]:
    """The rows that a record makes. Raises `ValueError` with what goes behind its line."""
    wrong = [
        f", column '{label.column}': must be a number{'' if label.scale else ' from 0 to 1'}, "
        f"not '{record[label.column][:20]}'"
        for label in source.labels.values()
        if label.column and label.values is None and not _fits(label, record[label.column])
    ]
    if wrong:
        raise ValueError("".join(wrong))
    try:
        return list(source.labelled(record))
    except (ValueError, SyntaxError, TypeError) as error:
        raise ValueError(f": {error}") from None


def write(found: Iterable[Found], target: Path) -> Written:
    """Write the rows to `target`, a CSV of `text` and the labels packed with gzip, whole or not.

    A corpus whose licence lets it only measure is marked so in the table, and nothing learns from
    it. Raises `CorpusError`, and leaves nothing behind then.
    """
    unfinished = target.with_name(f".{target.name}.partial")
    source: Source | None = None
    try:
        with gzip.GzipFile(unfinished, "wb", mtime=0) as packed:
            lines = io.TextIOWrapper(packed, "utf-8", newline="")
            writer = csv.writer(lines)
            for _, of, row in found:
                if source is None:
                    writer.writerow(["text", *of.labels, *_extra(of)])
                source = of
                writer.writerow(_cells(source, row))
            lines.flush()
            lines.detach()
        if source is None:
            raise CorpusError("there is no row with a text and a label")
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return Written(source, _entry(source, target))


def _extra(source: Source) -> list[str]:
    """The columns beside text and labels that this corpus makes."""
    sampled = isinstance(source.natural, Natural)
    return [_NATURAL] * sampled + [_MARKS] * bool(source.marks)


def _cells(source: Source, row: Row) -> list[str | float]:
    extra: dict[str, str | float] = {
        _NATURAL: int(row.natural),
        _MARKS: str([at for start, end in row.marks for at in range(start, end)]),
    }
    said = [row.labels.get(f"{source.name}.{name}", "") for name in source.labels]
    return [row.text, *said, *(extra[name] for name in _extra(source))]


def _entry(source: Source, target: Path) -> str:
    quoted = partial(json.dumps, ensure_ascii=False)
    natural = (
        f'{{ column = "{_NATURAL}", equals = "1" }}'
        if isinstance(source.natural, Natural)
        else quoted(source.natural)
    )
    lines = [
        "[[source]]",
        f"name = {quoted(source.name)}",
        f"file = {quoted(target.name)}",
        f"use = {quoted(source.use)}",
        f"licence = {quoted(source.licence)}",
        f"citation = {quoted(source.citation)}",
        f"notes = {quoted(source.notes)}",
        f"home = {quoted(source.home)}",
        f"sha256 = {quoted(catalogue.sha256(target))}",
        f"natural = {natural}",
        *([f"marks = {quoted(_MARKS)}"] if source.marks else []),
        "[source.labels]",
        *(f"{quoted(name)} = {{ column = {quoted(name)} }}" for name in source.labels),
    ]
    return "\n".join(lines) + "\n"
