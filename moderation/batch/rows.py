"""The rows of a file of comments: CSV, JSON lines or Parquet, each row checked on its own."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from moderation.comment import Comment, CommentError, validate
from moderation.moderator import BATCH

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

    import pyarrow as pa

COLUMNS = ("text", "id", "author", "article", "parent")

_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # what 'surrogateescape' makes of stray bytes
_LONGEST_LINE = 16 * 2**20  # bytes; a longer one is skipped unread


class SourceError(ValueError):
    """A file that cannot be read as a whole."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it stands, the caller's id, and a comment or what is wrong with it.

    `line` counts lines of a CSV or JSON lines file and rows of a Parquet file, from 1.
    """

    line: int
    id: str | float | None = None
    comment: Comment | None = None
    error: str | None = None


@dataclass(frozen=True)
class Source:
    """An open file of rows; `position()` of `total` (bytes, or rows) is read, if that is known."""

    rows: Iterator[Row]
    position: Callable[[], int]
    total: int | None


def read_csv(stream: IO[bytes], max_bytes: int) -> Iterator[Row]:
    """The rows of a CSV file whose first line names its columns; empty lines are no rows."""
    lines = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
    reader = csv.reader(lines)
    header = [name.strip().lower() for name in next(reader, [])]
    _require_text(header)
    return _csv(reader, header, max_bytes)


def _csv(reader: CsvReader, header: list[str], max_bytes: int) -> Iterator[Row]:
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader, None)
        except csv.Error as error:
            yield Row(line, error=f"is no row of CSV: {error}")
            continue
        if fields is None:
            return
        if len(header) == 1:  # with one column alone, commas need no quotes
            fields = [",".join(fields)] if fields else []
        if len(fields) > len(header):
            message = f"has {len(fields)} fields, the header {len(header)}; quote commas in texts"
            yield Row(line, error=message)
        elif fields:
            yield _row(line, dict(zip(header, fields, strict=False)), max_bytes)


def read_jsonl(stream: IO[bytes], max_bytes: int) -> Iterator[Row]:
    """The rows of a JSON lines file; empty lines are no rows."""
    for line, content in enumerate(_lines(stream), 1):
        if len(content) > _LONGEST_LINE:
            yield Row(line, error=f"is longer than {_LONGEST_LINE:,} bytes")
            continue
        try:
            fields = json.loads(content.decode("utf-8-sig")) if content.strip() else None
        except UnicodeDecodeError as error:
            yield Row(line, error=f"is not UTF-8 at byte {error.start + 1}")
        except json.JSONDecodeError as error:
            yield Row(line, error=f"is no JSON: {error.msg} at character {error.colno}")
        except (RecursionError, ValueError):
            yield Row(line, error="is no JSON we read: nested too deeply, or a huge number")
        else:
            if isinstance(fields, dict):
                yield _row(line, fields, max_bytes)
            elif content.strip():
                yield Row(line, error='is JSON but no object; write {"text": …}')


def read_parquet(file: IO[bytes], max_bytes: int) -> Source:
    """The rows of a Parquet file."""
    try:
        from pyarrow import ArrowException, parquet
    except ModuleNotFoundError:
        raise SourceError("Parquet needs pyarrow: pip install -e '.[parquet]'") from None
    try:
        table = parquet.ParquetFile(file, pre_buffer=False)
    except (ArrowException, OSError) as error:
        raise SourceError(f"is no Parquet file: {error}") from None
    _require_text(table.schema_arrow.names)
    columns = [name for name in COLUMNS if name in table.schema_arrow.names]
    done = 0

    def rows() -> Iterator[Row]:
        nonlocal done
        for batch in table.iter_batches(BATCH, columns=columns):
            cells = [_cells(batch.column(name)) for name in columns]
            for values in zip(*cells, strict=True):
                done += 1
                yield _row(done, dict(zip(columns, values, strict=True)), max_bytes)

    return Source(rows(), lambda: done, table.metadata.num_rows)


def _cells(column: pa.Array[Any]) -> list[Any]:
    """A column's values; Parquet does not promise that its strings are UTF-8."""
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        packed = column.cast("binary").to_pylist()
        return [value and value.decode("utf-8", "surrogateescape") for value in packed]


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """The lines, each cut off just over the limit."""
    while line := stream.readline(_LONGEST_LINE + 1):
        rest = line
        while len(rest) > _LONGEST_LINE and not rest.endswith(b"\n"):
            rest = stream.readline(_LONGEST_LINE + 1)
        yield line


def _require_text(names: Iterable[str]) -> None:
    known = [name for name in names if name]
    if "text" not in known:
        there = f"its columns are {', '.join(known[:20])}" if known else "it is empty"
        raise SourceError(f"has no column 'text'; {there}")


def _row(line: int, fields: Mapping[str, Any], max_bytes: int) -> Row:
    """The row of these fields, checked."""
    own = None
    try:
        own = _field("id", fields.get("id"))
        values = {name: _field(name, fields.get(name)) for name in COLUMNS if name in fields}
        if values.get("text") is None:
            return Row(line, own, error="text: is missing")
        validate(values["text"], max_bytes)
    except CommentError as error:
        return Row(line, own, error=str(error))
    return Row(line, own, Comment(**{**values, "id": None if own is None else str(own)}))


def _field(name: str, value: Any) -> Any:
    """One field, checked. Numbers are as good an `id` or `author` as any; NaN is an empty cell."""
    if isinstance(value, str):
        if _NOT_UTF8.search(value):
            raise CommentError(name, "is not UTF-8")
        return value if value or name == "text" else None
    if value is None or value != value:
        return None
    if name == "id":
        return value if isinstance(value, int | float) else str(value)
    if name == "author":
        return str(value)
    raise CommentError(name, f"must be a string, not {type(value).__name__}")
