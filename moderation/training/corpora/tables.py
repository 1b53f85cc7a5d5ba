"""Files of labelled comments, row by row: CSV, tab-separated, JSON or Parquet, packed or not."""

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
    """Each row's line and cells; of Parquet, or of one JSON document, the row's number.

    Lists and objects in a cell stay JSON. `opened` is the file, where somebody counts what is
    read of it. Raises `CorpusError` where the file, or a line of it, is none that we read.
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
            raise CorpusError(f"{path}: is no table: {error}") from None
        except (*UNREADABLE, zipfile.BadZipFile) as error:
            raise CorpusError(f"{path}: cannot be read: {error}") from None


def _inside(path: Path, file: IO[bytes], stack: ExitStack) -> tuple[str, IO[bytes]]:
    """The name and the bytes of what is packed in the file, or its own."""
    inner = path.name.removesuffix(".gz")
    if inner.endswith(".parquet") or not zipfile.is_zipfile(file):
        file.seek(0)
        raw: io.BufferedReader = io.BufferedReader(cast(io.RawIOBase, file))
        stack.callback(raw.close)
        return inner, plain_bytes(raw)
    packed = stack.enter_context(zipfile.ZipFile(file))
    names = [it for it in packed.namelist() if not it.endswith("/")]
    if len(names) != 1:
        raise CorpusError(f"{path}: must hold one file, not {len(names)}")
    return names[0], stack.enter_context(packed.open(names[0]))


def is_table(name: str) -> bool:
    """Whether a file of this name has columns, and not a JSON object in each line.

    >>> is_table("asked.csv"), is_table("record.jsonl.gz")
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
    """JSON lines, or one document: a list of objects, or an object of objects, read whole."""
    numbered = enumerate(lines, 1)
    start, first = next(((at, it) for at, it in numbered if it.strip()), (1, "{}"))
    document = _document(first, lines, path, start)
    if document is not None:
        for number, entry in enumerate(document, 1):
            yield number, _object(entry, path, number)
        return
    for number, line in itertools.chain([(start, first)], numbered):
        if line.strip():
            yield number, _object(_parsed(line, path, number), path, number)


def _document(first: str, rest: IO[str], path: Path, line: int) -> Iterable[object] | None:
    """The entries of a file that is one JSON document; None where each line is its own."""
    try:
        found = json.loads(first)
    except ValueError:
        found = _parsed(first + rest.read(), path, line)
    if isinstance(found, list):
        return found
    if isinstance(found, dict) and found and all(isinstance(it, dict) for it in found.values()):
        return found.values()
    return None


def _parsed(content: str, path: Path, line: int) -> object:
    try:
        found: object = json.loads(content.rstrip())
    except json.JSONDecodeError as error:
        at = line + error.lineno - 1
        raise CorpusError(f"{path}, line {at}: is no JSON: {error.msg}") from None
    return found


def _object(found: object, path: Path, number: int) -> Record:
    if not isinstance(found, dict):
        raise CorpusError(f"{path}, line {number}: must be an object with the columns")
    return {str(key): _cell(value) for key, value in found.items()}


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
        raise CorpusError(f"{path}: is no Parquet file: {error}") from None


def _cell(value: Any) -> str:
    match value:
        case bool():
            return str(int(value))
        case None:
            return ""
        case list() | dict():
            return json.dumps(value, ensure_ascii=False)
    return str(value)
