"""Read the rows of a file of comments (CSV, JSON lines or Parquet), and check each row."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from moderation.comment import Comment, CommentError, validate
from moderation.moderator import BATCH

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

    import pyarrow as pa

COLUMNS = ("text", "id", "author", "article", "parent")
_CONTEXT = COLUMNS[1:]

_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # how 'surrogateescape' decodes invalid bytes
_MAX_LINE = 16 * 2**20  # bytes; longer lines are skipped


class SourceError(ValueError):
    """The whole file cannot be read, for example because it has no column with the text."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the file: its line number, the caller's id, and either a comment or an error.

    `line` counts from 1: lines in a CSV or JSON lines file, rows in a Parquet file.
    """

    line: int
    id: str | float | None = None
    comment: Comment | None = None
    error: str | None = None


@dataclass(frozen=True)
class Source:
    """An open file of rows.

    `position()` returns how much was read so far, and `total` is the file's size. Both count bytes,
    or rows in a Parquet file. `total` is None if the size is not known.
    """

    rows: Iterator[Row]
    position: Callable[[], int]
    total: int | None


def read_csv(stream: IO[bytes], max_bytes: int, text: str = "text") -> Iterator[Row]:
    """Yield the rows of a CSV file. Its first line names the columns; empty lines are skipped.

    `text` names the column with the text, in upper or lower case. Raises `SourceError` if the file
    has no column of this name, or two.
    """
    lines = _CsvLines(io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline=""))
    reader = csv.reader(lines)
    fields, error = lines.next_row(reader)
    if error:
        raise SourceError(f"line 1: {error}")
    header = [name.strip().lower() for name in fields or []]
    text = text.strip().lower()
    _require_columns(header, text)
    return _csv(lines, reader, header, max_bytes, text)


class _CsvLines:
    """The lines of a CSV file. If a quote is not closed, reading goes on at the next line."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self._row: list[str] = []
        self._ended = False  # within the row
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._again:
            line = self._again.popleft()
        else:
            try:
                line = next(self._lines)
            except StopIteration:
                self._ended = True
                raise
        self._row.append(line)
        self.count += 1
        return line

    def next_row(self, reader: CsvReader) -> tuple[list[str] | None, str | None]:
        """Return the fields of the next row, and the row's error (None if it has none).

        At the end of the file, the fields are None. If a quote is not closed, only the row's first
        line is skipped.
        """
        self._row, self._ended = [], False
        fields, error = None, None
        try:
            fields = next(reader, None)
        except csv.Error as problem:
            error = f"is no row of CSV: {problem}"
        more = self._row[1:]
        unclosed = (self._ended and self._row) or (more and (error or not _is_strict(self._row)))
        if unclosed:
            error = 'has a quotation mark (") that is not closed'
            self._again.extendleft(reversed(more))
            self.count -= len(more)
        return fields, error


def _is_strict(lines: list[str]) -> bool:
    """Return whether each closing quote of a row is followed by a comma or the row's end."""
    try:
        next(csv.reader(lines, strict=True), None)
    except csv.Error:
        return False
    return True


def _csv(
    lines: _CsvLines, reader: CsvReader, header: list[str], max_bytes: int, text: str
) -> Iterator[Row]:
    while True:
        line = lines.count + 1
        fields, error = lines.next_row(reader)
        if error:
            yield Row(line, error=error)
            continue
        if fields is None:
            return
        if len(header) == 1:  # commas in a single column need no quotes
            fields = [",".join(fields)] if fields else []
        if len(fields) > len(header):
            message = f"has {len(fields)} fields, the header {len(header)}; quote commas in texts"
            yield Row(line, error=message)
        elif fields:
            yield _row(line, dict(zip(header, fields, strict=False)), max_bytes, text)


def read_jsonl(stream: IO[bytes], max_bytes: int, text: str = "text") -> Iterator[Row]:
    """Yield the rows of a JSON lines file. Empty lines are skipped.

    `text` is the key of the comment's text in each JSON object.
    """
    for line, content in enumerate(_lines(stream), 1):
        if len(content) > _MAX_LINE:
            yield Row(line, error=f"is longer than {_MAX_LINE:,} bytes")
            continue
        try:
            line_of_json = content.decode("utf-8-sig") if content.strip() else "null"
            fields = json.loads(line_of_json, object_pairs_hook=_Object)
        except UnicodeDecodeError as error:
            yield Row(line, error=f"is not UTF-8 at byte {error.start + 1}")
        except json.JSONDecodeError as error:
            yield Row(line, error=f"is no JSON: {error.msg} at character {error.colno}")
        except (RecursionError, ValueError):
            yield Row(line, error="is no JSON we read: nested too deeply, or a huge number")
        else:
            if isinstance(fields, _Object):
                twice = fields.twice & {text, *COLUMNS}
                if twice:
                    yield Row(line, error=f"has two fields '{min(twice)}'")
                else:
                    yield _row(line, fields, max_bytes, text)
            elif content.strip():
                yield Row(line, error='is JSON but no object; write {"text": …}')


class _Object(dict[str, Any]):
    """A JSON object that knows which of its keys occurred twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.twice: set[str] = set()
        if len(self) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            self.twice = {key for key, count in counts.items() if count > 1}


def read_parquet(file: IO[bytes], max_bytes: int, text: str = "text") -> Source:
    """Return the rows of a Parquet file. `text` names the column with the text.

    Raises `SourceError` if the file is not in this format, or if it has no column `text` or two.
    """
    try:
        from pyarrow import ArrowException, parquet
    except ModuleNotFoundError:
        raise SourceError("Parquet needs pyarrow: pip install -e '.[parquet]'") from None
    try:
        table = parquet.ParquetFile(file, pre_buffer=False)
    except (ArrowException, OSError) as error:
        raise SourceError(f"is no Parquet file: {error}") from None
    _require_columns(table.schema_arrow.names, text)
    columns = [name for name in (text, *_CONTEXT) if name in table.schema_arrow.names]
    done = 0

    def rows() -> Iterator[Row]:
        nonlocal done
        for batch in table.iter_batches(BATCH, columns=columns):
            cells = [_cells(batch.column(name)) for name in columns]
            for values in zip(*cells, strict=True):
                done += 1
                yield _row(done, dict(zip(columns, values, strict=True)), max_bytes, text)

    return Source(rows(), lambda: done, table.metadata.num_rows)


def _cells(column: pa.Array[Any]) -> list[Any]:
    """Return the values of a Parquet column. Bytes that are not valid UTF-8 become surrogates."""
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        encoded = column.cast("binary").to_pylist()
        return [value and value.decode("utf-8", "surrogateescape") for value in encoded]


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of a file. A line longer than `_MAX_LINE` bytes is cut to one byte more."""
    while line := stream.readline(_MAX_LINE + 1):
        rest = line
        while len(rest) > _MAX_LINE and not rest.endswith(b"\n"):
            rest = stream.readline(_MAX_LINE + 1)
        yield line


def _require_columns(names: Sequence[str], text: str) -> None:
    known = [name for name in names if name]
    if text not in known:
        content = f"its columns are {', '.join(known[:20])}" if known else "it is empty"
        raise SourceError(f"has no column '{text}'; {content}")
    for name in (text, *_CONTEXT):
        if known.count(name) > 1:
            raise SourceError(f"has two columns named '{name}'; rename one of them")


def _row(line: int, fields: Mapping[str, Any], max_bytes: int, text: str) -> Row:
    """Check the fields of a row. Return a `Row` with the comment, or with the error."""
    row_id = None
    try:
        row_id = _field("id", fields.get("id"))
        values = {name: _field(name, fields.get(name)) for name in _CONTEXT if name in fields}
        content = _field(text, fields.get(text), is_text=True)
        if content is None:
            return Row(line, row_id, error=f"{text}: is missing")
        values["text"] = _checked(content, max_bytes, text)
    except CommentError as error:
        return Row(line, row_id, error=str(error))
    return Row(line, row_id, Comment(**{**values, "id": None if row_id is None else str(row_id)}))


def _checked(content: str, max_bytes: int, text: str) -> str:
    try:
        return validate(content, max_bytes)
    except CommentError as error:
        raise CommentError(text, error.message) from None


def _field(name: str, value: Any, *, is_text: bool = False) -> Any:
    """Check the value of a field, and return it. NaN and an empty string become None.

    An empty comment text stays an empty string. `id` and `author` may be numbers. Raises
    `CommentError` if the value has the wrong type or is not UTF-8.
    """
    if isinstance(value, str):
        if _NOT_UTF8.search(value):
            raise CommentError(name, "is not UTF-8")
        return value if value or is_text else None
    if value is None or value != value:
        return None
    if is_text:
        raise CommentError(name, f"must be a string, not {type(value).__name__}")
    if name == "id":
        return value if isinstance(value, int | float) else str(value)
    if name == "author":
        return str(value)
    raise CommentError(name, f"must be a string, not {type(value).__name__}")
