"""`moderation check --input`: every row of the input gives one line of output."""

import contextlib
import csv
import gzip
import io
import json
import os
import pty
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation import Moderator, Policy, rules
from moderation.batch.files import decide
from moderation.batch.rows import read_csv, read_jsonl
from moderation.cli import run
from moderation.scoring.models import Models

TEST_SENTENCE = Policy.load().publication.test_sentence
ROWS: list[dict[str, Any]] = [
    {"id": "a", "text": "Well said, sir.", "author": "ravi", "article": "Budget", "parent": "Why?"},
    {"id": "b", "text": f"Two\nlines, “quoted”. {TEST_SENTENCE}", "author": None},
    {"id": "c", "text": "नमस्ते 🙏 all of you", "article": None},
]


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    """Return rows as a CSV file."""
    file = io.StringIO()
    writer = csv.DictWriter(file, ["id", "text", "author", "article", "parent"])
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def as_jsonl(rows: list[dict[str, Any]]) -> bytes:
    """Return rows as JSON lines."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    """Return rows as a Parquet file."""
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), file)
    return file.getvalue()


def plain_options(folder: Path) -> tuple[str, ...]:
    """Return options for a policy with one rule and no models: these tests are about files."""
    others = (name for name in rules.all_rules() if name != "length")
    policy = "".join(f"[{name}]\nenabled = false\n" for name in others)
    (folder / "plain.toml").write_text(policy, "utf-8")
    (folder / "no-models").mkdir(exist_ok=True)
    (folder / "no-models" / "champion.json").write_text("{}", "utf-8")
    return "--policy", str(folder / "plain.toml"), "--models", str(folder / "no-models")


WRITERS = {"csv": as_csv, "jsonl": as_jsonl, "parquet": as_parquet}


def check(
    content: bytes, tmp_path: Path, *options: str, name: str = "in.jsonl"
) -> tuple[int, list[dict[str, Any]]]:
    """Return the exit code and the records for a file with this content."""
    source, target = tmp_path / name, tmp_path / "out.jsonl"
    source.write_bytes(content)
    options = (*plain_options(tmp_path), *options)
    code = run(["check", "--input", str(source), "--output", str(target), *options])
    records = target.read_text("utf-8").splitlines() if target.exists() else []
    return code, [json.loads(record) for record in records]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("form", WRITERS)
def test_formats(form: str, packed: bool, tmp_path: Path) -> None:
    """Each format, gzipped or not, gives the same decisions with the rows' ids."""
    content = WRITERS[form](ROWS)
    name = f"in.{form}" + (".gz" if packed else "")
    code, records = check(gzip.compress(content) if packed else content, tmp_path, name=name)
    assert code == 0
    assert [record["id"] for record in records] == ["a", "b", "c"]
    assert records[1]["action"] == "reject"
    spans = records[1]["reasons"][0]["spans"]
    assert spans[0]["text"] == TEST_SENTENCE


@pytest.mark.parametrize("form", WRITERS)
def test_format_is_detected_by_content_if_the_name_does_not_tell(form: str, tmp_path: Path) -> None:
    """A file name without a suffix works."""
    code, records = check(WRITERS[form](ROWS), tmp_path, name="comments")
    assert (code, len(records)) == (0, 3)


@pytest.mark.parametrize("form", WRITERS)
def test_standard_input(form: str, tmp_path: Path) -> None:
    """'-' reads standard input in any format."""
    command = [
        sys.executable,
        "-m",
        "moderation",
        "check",
        "--input",
        "-",
        *plain_options(tmp_path),
    ]
    process = subprocess.run(command, input=WRITERS[form](ROWS), capture_output=True, check=False)  # noqa: S603 - our own program
    assert process.returncode == 0, process.stderr
    assert [json.loads(line)["id"] for line in process.stdout.splitlines()] == ["a", "b", "c"]


def test_format_option_overrides_the_name(tmp_path: Path) -> None:
    """`--format` has priority over the file's suffix."""
    code, records = check(as_csv(ROWS), tmp_path, "--format", "csv", name="in.jsonl")
    assert (code, len(records)) == (0, 3)


def test_output_can_be_gzipped(tmp_path: Path) -> None:
    """An output file whose name ends in .gz is gzipped."""
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl.gz"
    source.write_bytes(as_jsonl(ROWS))
    files = ["--input", str(source), "--output", str(target)]
    assert run(["check", *files, *plain_options(tmp_path)]) == 0
    assert len(gzip.decompress(target.read_bytes()).splitlines()) == 3


BAD_JSON = [
    pytest.param(b"{", "is no JSON", id="broken JSON"),
    pytest.param(b"3", "is JSON but no object", id="a number"),
    pytest.param(b'"text"', "is JSON but no object", id="a string"),
    pytest.param(b"[" * 100_000, "is no JSON", id="deeply nested"),
    pytest.param(b'{"text": ' + b"9" * 5_000 + b"}", "is no JSON", id="an endless number"),
    pytest.param(b'{"text": "caf\xe9"}', "is not UTF-8", id="Latin-1"),
    pytest.param(b'{"text": "\\ud800"}', "half a surrogate pair", id="half a surrogate pair"),
    pytest.param(b'{"text": ""}', "text: is empty", id="empty text"),
    pytest.param(b'{"text": " \\t"}', "text: is empty", id="white space"),
    pytest.param(b'{"text": "a\\u0000"}', "NUL", id="NUL"),
    pytest.param(b'{"text": null}', "text: is missing", id="null"),
    pytest.param(b'{"text": 5}', "text: must be a string", id="a number for text"),
    pytest.param(b'{"comment": "x"}', "text: is missing", id="no text"),
    pytest.param(b'{"text": "a", "parent": {}}', "parent: must be a string", id="odd parent"),
    pytest.param(b'{"text": "' + b"a" * 30_000 + b'"}', "the limit is", id="too long"),
]


@pytest.mark.parametrize(("line", "message"), BAD_JSON)
def test_a_bad_line_does_not_stop_the_others(
    line: bytes, message: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A bad line has a record and a line on stderr; the exit code is 1."""
    code, records = check(b'{"text": "One."}\n' + line + b'\n{"text": "Three."}\n', tmp_path)
    assert code == 1
    assert ["line" in record for record in records] == [False, True, False]
    assert records[1]["line"] == 2
    assert message in records[1]["error"]
    assert f"in.jsonl: line 2: {records[1]['error']}" in capfd.readouterr().err


@pytest.mark.parametrize(("line", "message"), BAD_JSON)
def test_strict_stops_at_the_first_bad_line(
    line: bytes, message: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With --strict the first bad line ends the work, with one line that names it."""
    code, records = check(
        b'{"text": "One."}\n' + line + b'\n{"text": "Three."}\n', tmp_path, "--strict"
    )
    assert code == 2
    assert len(records) == 1
    error = capfd.readouterr().err
    assert error.count("\n") == 1
    assert "line 2: " in error
    assert message in error


@pytest.mark.parametrize(
    ("rows", "line", "message"),
    [
        pytest.param(b"1,caf\xe9", 2, "text: is not UTF-8", id="Latin-1"),
        pytest.param(b"1,", 2, "text: is empty", id="empty text"),
        pytest.param(b"1", 2, "text: is missing", id="too few fields"),
        pytest.param(b"1,Well, yes", 2, "has 3 fields, the header 2", id="unquoted comma"),
        pytest.param(b"1," + b"a" * 200_000, 2, "limit", id="endless field"),
        pytest.param(b'1,"a\nb"\n2,', 4, "text: is empty", id="lines within quotes count too"),
    ],
)
def test_a_bad_row_of_csv(rows: bytes, line: int, message: str, tmp_path: Path) -> None:
    """A bad row of CSV is named by the line it starts on."""
    code, records = check(b"id,text\n" + rows + b"\n9,Fine.\n", tmp_path, name="in.csv")
    assert code == 1
    (bad,) = (record for record in records if "error" in record)
    assert bad["line"] == line
    assert message in bad["error"]
    assert records[-1]["id"] == "9"


@pytest.mark.parametrize(
    ("rows", "bad", "good"),
    [
        pytest.param('1,"Open\n2,Two.\n3,Three.\n', {2}, ["2", "3"], id="never closed"),
        pytest.param('1,"Open\n2,"Two."\n3,Three.\n', {2}, ["2", "3"], id="the next row closes it"),
        pytest.param('1,"Open\n2,"Two, three"\n3,"Yes"\n', {2}, ["2", "3"], id="with a comma"),
        pytest.param('1,One.\n2,"Two\n3,"Open\n', {3, 4}, ["1"], id="two, at the end"),
        pytest.param('1,"Open', {2}, [], id="the last line"),
        pytest.param(
            '1,"Open ' + "a" * 99_000 + "\n2," + "b" * 99_000 + "\n3,Three.\n",
            {2, 3},
            ["3"],
            id="more than a field may have",
        ),
        pytest.param(
            '1,"Two\nlines, ""quoted""."\n2,Five" or 5" wide\n', set(), ["1", "2"], id="none"
        ),
    ],
)
def test_a_quote_that_is_not_closed(
    rows: str, bad: set[int], good: list[str], tmp_path: Path
) -> None:
    """It is reported with its line, and the next lines are read."""
    code, records = check(f"id,text\n{rows}".encode(), tmp_path, name="in.csv")
    assert code == bool(bad)
    errors = {record["line"]: record["error"] for record in records if "error" in record}
    assert set(errors) == bad
    assert all("not closed" in error or "limit" in error for error in errors.values())
    assert [record["id"] for record in records if "error" not in record] == good


def test_fields_that_occur_twice_in_json(tmp_path: Path) -> None:
    """Which of the two texts is meant is unclear. Other fields may occur twice."""
    lines = b'{"text": "One.", "text": "Two."}\n{"text": "Three.", "a": {"id": 1}, "a": 2}\n'
    code, records = check(lines, tmp_path)
    assert code == 1
    assert records[0] == {"line": 1, "error": "has two fields 'text'"}
    assert records[1]["action"] == "approve"


@pytest.mark.parametrize("form", WRITERS)
def test_the_column_of_the_text(
    form: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """`--text` names it. A column 'text' is then no text, and errors have the column's name."""
    rows = [
        {"id": "a", "body": TEST_SENTENCE, "text": "Yes."},
        {"id": "b", "body": "", "text": TEST_SENTENCE},
        {"id": "c", "body": "Well said.", "text": TEST_SENTENCE},
    ]
    content = {
        "csv": "\n".join(
            ["id, Body ,text", *map('{id},"{body}","{text}"'.format_map, rows)]
        ).encode(),
        "jsonl": as_jsonl(rows),
        "parquet": as_parquet(rows),
    }[form]
    name = f"in.{form}"
    code, records = check(content, tmp_path, "--text", "body", name=name)
    assert code == 1
    assert [record.get("action") for record in records] == ["reject", None, "approve"]
    assert records[1]["error"].startswith("body: is empty")
    if form != "jsonl":
        code, _ = check(content, tmp_path, "--text", "comment", name=name)
        assert code == 2
        assert "has no column 'comment'; its columns are id, body, text" in capfd.readouterr().err


def test_text_column_needs_a_file(capfd: pytest.CaptureFixture[str]) -> None:
    """`--text` without `--input` is refused."""
    assert run(["check", "Well said.", "--text", "body"]) == 2
    assert "--text" in capfd.readouterr().err


def test_a_bad_row_of_parquet(tmp_path: Path) -> None:
    """Rows of Parquet are counted from 1, and a string that is not UTF-8 is a bad row."""
    texts = pa.array([b"One.", b"caf\xe9", None], pa.binary()).view(pa.string())
    file = io.BytesIO()
    pq.write_table(pa.table({"text": texts, "id": [1, 2, 3]}), file)
    code, records = check(file.getvalue(), tmp_path, name="in.parquet")
    assert code == 1
    assert records[0]["id"] == 1
    assert records[1:] == [
        {"line": 2, "id": 2, "error": "text: is not UTF-8"},
        {"line": 3, "id": 3, "error": "text: is missing"},
    ]


def two_texts() -> bytes:
    """Return a Parquet file with two columns of one name."""
    file = io.BytesIO()
    columns = [pa.array(["One."]), pa.array(["Two."])]
    pq.write_table(pa.table(columns, names=["text", "text"]), file)
    return file.getvalue()


TWO_TEXTS = two_texts()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("in.csv", b"", "it is empty", id="empty CSV"),
        pytest.param("in.csv", b"id,comment\n1,x\n", "its columns are id, comment", id="no text"),
        pytest.param("in.csv", "text\nx\n".encode("utf-16"), "is UTF-16", id="UTF-16"),
        pytest.param(
            "in.csv",
            b"\x1b[2J\n",
            "its columns are \ufffd[2j",
            id="control characters in the header",
        ),
        pytest.param("in.csv", b"text,Text\na,b\n", "two columns named 'text'", id="two texts"),
        pytest.param("in.csv", b"id,text,id\n1,b,2\n", "two columns named 'id'", id="two ids"),
        pytest.param("in.csv", b'"text\nx\n', "line 1: has a quotation mark", id="open header"),
        pytest.param("in.parquet", TWO_TEXTS, "two columns named 'text'", id="two in Parquet"),
        pytest.param("in.parquet", b"PAR1 no", "is no Parquet file", id="no Parquet"),
    ],
)
def test_a_file_that_cannot_be_used(
    name: str, content: bytes, message: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It gives exit code 2 and one line that names the file."""
    code, records = check(content, tmp_path, name=name)
    assert (code, records) == (2, [])
    error = capfd.readouterr().err
    assert error.count("\n") == 1
    assert name in error
    assert message in error


def test_a_truncated_gzip_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A damaged file gives exit code 1, after the rows that could be read."""
    content = gzip.compress(as_jsonl(ROWS * 5_000))
    code, _ = check(content[: len(content) // 2], tmp_path, name="in.jsonl.gz")
    assert code == 1
    assert "in.jsonl.gz: after " in capfd.readouterr().err


def test_empty_file_of_json_lines(tmp_path: Path) -> None:
    """An empty file gives no records and no error; empty lines are not rows."""
    assert check(b"\n\n", tmp_path) == (0, [])


def test_files_of_excel_and_windows(tmp_path: Path) -> None:
    """A byte order mark, Windows line endings and capitals in the header are accepted."""
    content = "\ufeffID,Text\r\n1,One.\r\n2,Two.\r\n".encode()
    code, records = check(content, tmp_path, name="in.csv")
    assert (code, [record["id"] for record in records]) == (0, ["1", "2"])


def test_one_column_needs_no_quotes(tmp_path: Path) -> None:
    """If a CSV file has only one column, a comma is part of the text."""
    code, records = check(f"text\nYes, {TEST_SENTENCE}\n".encode(), tmp_path, name="in.csv")
    assert (code, records[0]["action"]) == (0, "reject")


def test_a_row_without_id_gets_the_decisions_id(tmp_path: Path) -> None:
    """Each row gets an id of its own."""
    _, records = check(b'{"text": "One."}\n{"text": "Two."}\n', tmp_path)
    assert len({record["id"] for record in records}) == 2


def test_output_over_the_input_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The input is not overwritten."""
    source = tmp_path / "in.jsonl"
    source.write_bytes(as_jsonl(ROWS))
    files = ["--input", str(source), "--output", str(source)]
    assert run(["check", *files, *plain_options(tmp_path)]) == 2
    assert "is the input itself" in capfd.readouterr().err
    assert source.read_bytes() == as_jsonl(ROWS)


def test_output_that_cannot_be_written(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """An output file in a missing folder is wrong usage."""
    source = tmp_path / "in.jsonl"
    source.write_bytes(as_jsonl(ROWS))
    files = ["--input", str(source), "--output", str(tmp_path / "no" / "x")]
    assert run(["check", *files, *plain_options(tmp_path)]) == 2
    assert "--output" in capfd.readouterr().err


@pytest.mark.parametrize("read", [read_csv, read_jsonl])
@given(content=st.binary(max_size=200))
def test_any_bytes_give_rows(read: Any, content: bytes) -> None:
    """Each row has a comment or an error, never both, and nothing crashes."""
    for row in read(io.BytesIO(b"text\n" + content), 20_480):
        assert (row.comment is None) != (row.error is None)


def test_memory_stays_flat() -> None:
    """At most one batch of rows is read before the first decision."""
    taken = 0

    def lines() -> Any:
        nonlocal taken
        for row in read_jsonl(io.BytesIO(as_jsonl(ROWS * 1_000)), 20_480):
            taken += 1
            yield row

    next(decide(Moderator(Policy.load(), Models({}, {})), lines()))
    assert taken <= 256


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    """`… | head` ends the program without a message."""
    source = tmp_path / "in.jsonl"
    source.write_bytes(as_jsonl(ROWS * 1_000))
    program = subprocess.Popen(  # noqa: S603 - our own program
        [
            sys.executable,
            "-m",
            "moderation",
            "check",
            "--input",
            str(source),
            *plain_options(tmp_path),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert program.stdout is not None
    assert program.stderr is not None
    program.stdout.readline()
    program.stdout.close()
    assert program.stderr.read() == b""
    assert program.wait() == 1
    program.stderr.close()


def read_terminal(terminal: int) -> str:
    """Return everything that a terminal receives until its program ends."""
    output = b""
    with contextlib.suppress(OSError), open(terminal, "rb", buffering=0) as file:
        while part := file.read(4096):
            output += part
    return output.decode()


def test_progress_bar_in_a_terminal(tmp_path: Path) -> None:
    """The terminal shows a progress bar, and standard output has only records."""
    source = tmp_path / "in.jsonl"
    source.write_bytes(as_jsonl(ROWS * 100))
    leader, follower = pty.openpty()
    with subprocess.Popen(  # noqa: S603 - our own program
        [
            sys.executable,
            "-m",
            "moderation",
            "check",
            "--input",
            str(source),
            *plain_options(tmp_path),
        ],
        stdout=subprocess.PIPE,
        stderr=follower,
        env={**os.environ, "TERM": "xterm"},
    ) as program:
        os.close(follower)
        with ThreadPoolExecutor() as pool:
            printed = pool.submit(read_terminal, leader)
            records, _ = program.communicate()
            shown = printed.result()
    assert len(records.splitlines()) == 300
    assert "comments" in shown
    assert "300 rows: " in shown
