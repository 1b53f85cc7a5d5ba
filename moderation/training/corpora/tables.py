"""Read files of labelled comments: CSV, TSV, JSON or Parquet, compressed or not."""

from __future__ import annotations

import csv
import io
import itertools
import json
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, cast

from moderation.batch.files import UNREADABLE, plain_bytes
from moderation.training.corpora.catalogue import CorpusError

Record = dict[str, str]


def records(path: Path, opened: IO[bytes] | None = None) -> Iterator[tuple[int, Record]]:
    """Yield the records of a file: each row's line number, and its cells by column name.

    In Parquet files and JSON documents, the row's number takes the place of the line number. A list
    or an object in a cell is returned as JSON text. Pass the open file as `opened` if you track how
    much of it has been read. Raises `CorpusError` if the file or a line cannot be read.
    """
    with ExitStack() as stack:
        file = opened or stack.enter_context(path.open("rb"))
        try:
            inner, stream = _inside(path, file, stack)
            if inner.endswith(".parquet"):
                yield from _parquet(stream, path)
                return
            lines = stack.enter_context(io.TextIOWrapper(stream, "utf-8-sig", newline=""))
            yield from _json(lines, path) if _is_json(inner) else _table(lines, inner)
        except UnicodeDecodeError as error:
            raise CorpusError(f"{path}: is not UTF-8: {error.reason}") from None
        except csv.Error as error:
            raise CorpusError(f"{path}: is not a valid table: {error}") from None
        except (*UNREADABLE, zipfile.BadZipFile) as error:
            raise CorpusError(f"{path}: cannot be read: {error}") from None


def _inside(path: Path, file: IO[bytes], stack: ExitStack) -> tuple[str, IO[bytes]]:
    """Return the file's name and content. For an archive, return those of the only file in it."""
    inner = path.name.removesuffix(".gz")
    if inner.endswith(".parquet") or not zipfile.is_zipfile(file):
        file.seek(0)
        raw: io.BufferedReader = io.BufferedReader(cast(io.RawIOBase, file))
        stack.callback(raw.close)
        return inner, plain_bytes(raw)
    archive = stack.enter_context(zipfile.ZipFile(file))
    names = [name for name in archive.namelist() if not name.endswith("/")]
    if len(names) != 1:
        raise CorpusError(f"{path}: must contain one file, not {len(names)}")
    return names[0], stack.enter_context(archive.open(names[0]))


def is_table(name: str) -> bool:
    """Return whether a file's name is that of a table, such as CSV, and not of a JSON file.

    >>> is_table("verdicts.csv"), is_table("record.jsonl.gz")
    (True, False)
    """
    return Path(name.removesuffix(".gz")).suffix in (".csv", ".tsv", ".parquet", ".zip")


def _is_json(name: str) -> bool:
    return name.endswith((".jsonl", ".ndjson", ".json"))


def _table(lines: IO[str], name: str) -> Iterator[tuple[int, Record]]:
    reader = csv.DictReader(lines, delimiter="\t" if name.endswith(".tsv") else ",")
    for record in reader:
        yield reader.line_num, {key: value or "" for key, value in record.items() if key}


def _json(lines: IO[str], path: Path) -> Iterator[tuple[int, Record]]:
    """Yield the objects of a file in JSON lines, or of one JSON document.

    The document is a list of objects, or an object whose values are objects.
    """
    numbered = enumerate(lines, 1)
    start, first = next(((number, line) for number, line in numbered if line.strip()), (1, "{}"))
    document = _document(first, lines, path, start)
    if document is not None:
        for number, entry in enumerate(document, 1):
            yield number, _object(entry, path, number)
        return
    for number, line in itertools.chain([(start, first)], numbered):
        if line.strip():
            yield number, _object(_parsed(line, path, number), path, number)


def _document(first: str, rest: IO[str], path: Path, line: int) -> Iterable[object] | None:
    """Return the objects in a JSON document; None if the file is in JSON lines."""
    try:
        document = json.loads(first)
    except ValueError:
        document = _parsed(first + rest.read(), path, line)
    if isinstance(document, list):
        return document
    if isinstance(document, dict) and document:
        entries = document.values()
        return entries if all(isinstance(entry, dict) for entry in entries) else None
    return None


def _parsed(content: str, path: Path, line: int) -> object:
    try:
        value: object = json.loads(content.rstrip())
    except json.JSONDecodeError as error:
        number = line + error.lineno - 1
        raise CorpusError(f"{path}, line {number}: is not valid JSON: {error.msg}") from None
    return value


def _object(entry: object, path: Path, number: int) -> Record:
    if not isinstance(entry, dict):
        raise CorpusError(f"{path}, line {number}: must be an object with the columns as keys")
    return {str(key): _cell(value) for key, value in entry.items()}


def _parquet(file: IO[bytes], path: Path) -> Iterator[tuple[int, Record]]:
    try:
        from pyarrow import ArrowException, parquet
    except ModuleNotFoundError:
        raise CorpusError("Parquet needs pyarrow: pip install -e '.[parquet]'") from None
    try:
        batches = parquet.ParquetFile(file).iter_batches(1024)
        rows = (row for batch in batches for row in batch.to_pylist())
        for number, row in enumerate(rows, 1):
            yield number, {key: _cell(value) for key, value in row.items()}
    except (ArrowException, OSError) as error:
        raise CorpusError(f"{path}: is not a Parquet file: {error}") from None


def _cell(value: Any) -> str:
    match value:
        case bool():
            return str(int(value))
        case None:
            return ""
        case list() | dict():
            return json.dumps(value, ensure_ascii=False)
    return str(value)
