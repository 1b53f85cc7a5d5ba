"""Import a file of labelled comments: recognise its format, remove duplicates, count its rows."""

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
from moderation.training.corpora.formats import one_row_per_comment
from moderation.training.corpora.tables import records

FORMATS = catalogue.SOURCES.with_name("formats.toml")
MAX_BYTES = 20_480  # of a comment; longer ones are reported as label issues
MAX_ERRORS = 20  # that are reported together
_NATURAL, _MARKS = "natural", "marks"  # columns of the output, if the corpus has them


@dataclass
class Report:
    """The counts that an import reports.

    `rows` counts all rows of the file, and `kept` the labelled texts that are not duplicates.
    `same` counts texts equal to an earlier text, and `near` those nearly equal. `crossed` counts
    near-duplicates in different splits, and `contradictory` equal texts with different labels.
    `yes` and `no` count the positive and the negative rows of each label, without duplicates.
    """

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

    def to_dict(self, issues: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the report as a dict of JSON values.

        `issues` counts rows whose labels are probably wrong, as `LabelIssues.counts` returns them.
        """
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
                **(issues or {}),
            },
            "labels": labels,
        }


class ImportedRow(NamedTuple):
    """A row of an imported file, its line number, and the description of its corpus."""

    line: int
    source: Source
    row: Row


class ImportResult(NamedTuple):
    """The description of the imported corpus, and its table for `sources.toml` as text."""

    source: Source
    table: str


def too_long(text: str) -> bool:
    """Return whether a comment is too long for the service."""
    return len(text.encode("utf-8", "replace")) > MAX_BYTES


def custom_source(name: str, columns: Mapping[str, str], text: str) -> Source:
    """Describe a newsroom's own file in the form in which `sources.toml` describes corpora.

    `columns` maps each label to the column that holds it. `text` is the column of the comment.
    """
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


def known_formats() -> dict[str, Source]:
    """Return the descriptions of all known corpora, by name.

    >>> known_formats()["jigsaw_2018"].text
    ('comment_text',)
    """
    return catalogue.sources() | catalogue.sources(FORMATS)


def recognise(record: Mapping[str, str], path: Path) -> Source:
    """Return the known corpus that a file contains, judging by `record`, its first row.

    If the columns fit several corpora, the description with the most columns wins. If there are
    still several, those whose labels can be read from `record` are preferred, and then the one
    whose file has the same name. Raises `CorpusError` if no corpus fits, or if several remain.
    """
    formats = [source for source in known_formats().values() if source.columns <= record.keys()]
    most = max((len(source.columns) for source in formats), default=0)
    formats = [source for source in formats if len(source.columns) == most]
    if len(formats) > 1:
        formats = [source for source in formats if _has_labels(source, record)] or formats
        formats = [source for source in formats if Path(source.file).name == path.name] or formats
    if len(formats) == 1:
        return formats[0]
    if formats:
        names = ", ".join(source.name for source in formats)
        raise CorpusError(f"{path}: its columns are those of {names}; choose one with --as NAME")
    columns = ", ".join([*record][:20])
    raise CorpusError(
        f"{path}, line 1: no known corpus has the columns {columns}; say what they mean with "
        "--text COLUMN and --map LABEL=COLUMN"
    )


def _has_labels(source: Source, record: Mapping[str, str]) -> bool:
    try:
        return bool(list(source.parse(record)))
    except (ValueError, SyntaxError, TypeError):
        return False


def rows(
    path: Path, source: Source | None, report: Report, opened: IO[bytes] | None = None
) -> Iterator[ImportedRow]:
    """Yield the rows of a file, except for duplicates, and count all rows in `report`.

    `source` describes the file; if it is None, the file is recognised by its columns. Pass the open
    file as `opened` if you track how much of it has been read. After the first row with an error,
    no more rows are yielded. The file is still read on, to collect up to `MAX_ERRORS` errors. Then
    `CorpusError` is raised with all these errors.
    """
    from moderation.training.corpora.duplicates import Duplicates  # imports numpy

    duplicates, errors = Duplicates(), list[str]()
    numbered = records(path, opened)
    custom = source is not None and source.name not in known_formats()
    for line, record in numbered if custom else one_row_per_comment(path, numbered):
        source = source or recognise(record, path)
        if missing := sorted(source.columns - record.keys()):
            if not report.rows:
                columns = ", ".join([*record][:20])
                raise CorpusError(f"{path}: no column '{missing[0]}'; its columns are {columns}")
            raise CorpusError(f"{path}, line {line}: no column '{missing[0]}'")
        report.rows += 1
        empty = not any(record[column].strip() for column in source.text)
        try:
            labelled = _parse(source, record)
        except ValueError as error:
            errors.append(f"line {line}{error}")
            if len(errors) == MAX_ERRORS:
                break
        if errors:
            continue
        report.empty += empty
        report.unlabelled += not labelled and not empty
        for row in labelled:
            report.long += too_long(row.text)
            duplicate = duplicates.check(row.text, row.labels, line)
            report.crossed, report.contradictory = duplicates.crossed, duplicates.contradictory
            report.contradictions = duplicates.contradictions
            if duplicate:
                report.same += duplicate == "same"
                report.near += duplicate == "near"
                continue
            report.kept += 1
            for name, value in row.labels.items():
                (report.yes if value >= 0.5 else report.no)[name.partition(".")[2]] += 1
            yield ImportedRow(line, source, row)
    if errors:
        more = "; there may be more" * (len(errors) == MAX_ERRORS)
        raise CorpusError(f"{path}, {'; '.join(errors)}{more}")


def _is_valid(label: Label, cell: str) -> bool:
    """Return whether a label's cell is empty or has a number in the label's range."""
    try:
        value = float(cell or 0)
    except ValueError:
        return False
    return math.isfinite(value) if label.scale else 0 <= value <= 1


def _parse(source: Source, record: Mapping[str, str]) -> list[Row]:
    """Return the labelled comments in a record, which is a row of the imported file.

    Raises `ValueError`. The caller puts the line number before its message.
    """
    invalid = [
        f", column '{label.column}': must be a number{'' if label.scale else ' from 0 to 1'}, "
        f"not '{record[label.column][:20]}'"
        for label in source.labels.values()
        if label.column and label.values is None and not _is_valid(label, record[label.column])
    ]
    if invalid:
        raise ValueError("".join(invalid))
    try:
        return list(source.parse(record))
    except (ValueError, SyntaxError, TypeError) as error:
        raise ValueError(f": {error}") from None


def write(rows: Iterable[ImportedRow], target: Path) -> ImportResult:
    """Write the rows to `target`, a gzip-compressed CSV file of `text` and the labels.

    The result has the corpus's table for `sources.toml`. Its field `use` is that of the known
    corpus. So a corpus whose licence allows only evaluation is never trained on. If `CorpusError`
    is raised, no file is written.
    """
    unfinished = target.with_name(f".{target.name}.partial")
    source: Source | None = None
    try:
        with gzip.GzipFile(unfinished, "wb", mtime=0) as packed:
            lines = io.TextIOWrapper(packed, "utf-8", newline="")
            writer = csv.writer(lines)
            for _, corpus, row in rows:
                if source is None:
                    writer.writerow(["text", *corpus.labels, *_extra_columns(corpus)])
                source = corpus
                writer.writerow(_cells(source, row))
            lines.flush()
            lines.detach()
        if source is None:
            raise CorpusError("no row has a text and a label")
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return ImportResult(source, _entry(source, target))


def _extra_columns(source: Source) -> list[str]:
    """Return the names of the columns that the written file has after the text and the labels."""
    has_natural = isinstance(source.natural, Natural)
    return [_NATURAL] * has_natural + [_MARKS] * bool(source.marks)


def _cells(source: Source, row: Row) -> list[str | float]:
    extra: dict[str, str | float] = {
        _NATURAL: int(row.natural),
        _MARKS: str([offset for start, end in row.marks for offset in range(start, end)]),
    }
    labels = [row.labels.get(f"{source.name}.{name}", "") for name in source.labels]
    return [row.text, *labels, *(extra[name] for name in _extra_columns(source))]


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
