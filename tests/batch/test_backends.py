"""Other processes and machines do the work: the same results, nothing lost, nothing twice."""

import contextlib
import importlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from moderation import Moderator, Policy, paths, rules
from moderation.batch import backends, files, worker
from moderation.batch.backends import Backend, BackendError
from moderation.batch.rows import Row
from moderation.batch.worker import WorkerSpec, WorkerSpecError
from moderation.cli import run
from moderation.comment import Comment

# Loky's own thread may look up work that was just cancelled (joblib 1.6.0, a KeyError in
# add_call_item_to_queue). This happens only after the caller has closed early, so nothing is lost.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")

PLAIN = {name: {"enabled": name in ("length", "shouting")} for name in rules.all_rules()}
TEXTS = ["Well said, sir.", "THIS GOVERNMENT HAS LEARNED ABSOLUTELY NOTHING", "The roads are bad."]


def rows(number: int) -> Iterator[Row]:
    """Yield rows of all kinds. Every seventh has an error."""
    for at in range(number):
        if at % 7 == 6:
            yield Row(at + 1, at, error="text: is empty")
        else:
            yield Row(at + 1, at, Comment(f"{TEXTS[at % 3]} {at}"))


def untimed(records: Iterator[files.Record]) -> list[tuple[int, str, str]]:
    """Return the parts of the records that do not depend on the clock."""
    return [
        (record.line, record.verdict, record.json.partition('"took_ms"')[0]) for record in records
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder of models: the tests are about the workers."""
    (tmp_path / "champion.json").write_text("{}", "utf-8")
    return tmp_path


@pytest.fixture
def work(folder: Path) -> WorkerSpec:
    """Return the work of deciding with two rules and without models."""
    return WorkerSpec.of(Policy.load(PLAIN), folder)


@contextlib.contextmanager
def program(*arguments: str, ready: str) -> Iterator[subprocess.Popen[str]]:
    """Run one of Dask's programs, and wait until it prints that it is ready."""
    command = [sys.executable, "-m", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - Dask's own
        try:
            assert process.stderr
            assert any(ready in line for line in process.stderr), f"{arguments[0]} did not start"
            threading.Thread(target=process.stderr.read, daemon=True).start()
            yield process
        finally:
            process.kill()


@pytest.fixture
def scheduler() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a Dask scheduler. Give its address and process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    options = ("--port", port, "--host", "127.0.0.1", "--no-dashboard")
    with program("distributed.cli.dask_scheduler", *options, ready="Scheduler at") as process:
        yield f"tcp://127.0.0.1:{port}", process


@pytest.fixture
def cluster(
    scheduler: tuple[str, subprocess.Popen[str]], tmp_path: Path
) -> Iterator[tuple[str, list[subprocess.Popen[str]]]]:
    """Run a Dask scheduler with two worker processes, as an operator starts them."""
    address, _ = scheduler
    options = ("--nthreads", "1", "--no-nanny", "--host", "127.0.0.1", "--no-dashboard")
    worker = ("distributed.cli.dask_worker", address, *options, "--local-directory")
    with contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(program(*worker, str(tmp_path / name), ready="Registered to"))
            for name in ("first", "second")
        ]
        yield address, workers


def test_a_killed_worker_of_dask_loses_nothing(
    cluster: tuple[str, list[subprocess.Popen[str]]], work: WorkerSpec
) -> None:
    """One of two workers is killed halfway. The records are the same, each once, in order."""
    address, workers = cluster
    expected = untimed(files.records(work.moderator(), rows(20_000)))
    with Backend("dask", address).connected() as pool:
        assert pool.size() == 2
        records = files.records_in_pool(pool, work, rows(20_000))
        first = [next(records) for _ in range(2_000)]
        workers[0].send_signal(signal.SIGKILL)
        workers[0].wait()
        results = untimed(iter([*first, *records]))
        assert pool.size() == 1
    assert results == expected


@pytest.mark.usefixtures("cluster")
def test_a_killed_scheduler_is_reported(
    scheduler: tuple[str, subprocess.Popen[str]], work: WorkerSpec
) -> None:
    """Without its scheduler the work stops with an error. Earlier records are right."""
    address, process = scheduler
    expected = untimed(files.records(work.moderator(), rows(20_000)))
    with Backend("dask", address).connected() as pool:
        records = files.records_in_pool(pool, work, rows(20_000))
        results = [next(records) for _ in range(1_000)]
        process.kill()
        with pytest.raises(BackendError, match=f"^the Dask scheduler at {address} has stopped$"):
            results.extend(records)
    assert 1_000 <= len(results) < 20_000
    assert untimed(iter(results)) == expected[: len(results)]


@pytest.mark.usefixtures("cluster")
def test_a_scheduler_killed_during_work(
    scheduler: tuple[str, subprocess.Popen[str]],
) -> None:
    """Waiting for running work ends with an error."""
    address, process = scheduler
    with Backend("dask", address).connected() as pool:
        results = pool.map(time.sleep, [0, 0, 60, 60])
        next(results)
        process.kill()
        with pytest.raises(BackendError, match="has stopped"):
            list(results)


def test_the_command_gives_dask_the_file(
    cluster: tuple[str, list[subprocess.Popen[str]]],
    folder: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """`check --backend dask` writes a line for each row in order, with the error of a bad row."""
    source, target = folder / "in.jsonl", folder / "out.jsonl"
    source.write_text('{"id": 1, "text": "Well said."}\n{"id": 2, "text": ""}\n', "utf-8")
    options = ["--models", str(folder), "--backend", "dask", "--address", cluster[0]]
    assert run(["check", "--input", str(source), "--output", str(target), *options]) == 1
    first, second = target.read_text("utf-8").splitlines()
    assert first.startswith('{"id": 1')
    assert second.startswith('{"line": 2, "id": 2, "error": "text: is empty')
    assert "2 rows: " in capfd.readouterr().err


def fatal_once(marker: str) -> str:
    """Kill this process, the first time."""
    path = Path(marker)
    if path.suffix == ".once" and not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return path.stem


def fatal(tests: int) -> None:
    """Kill this process, unless it is the process of the tests."""
    if os.getpid() != tests:
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    """The work of a killed process is done again."""
    markers = [tmp_path / (f"{at}.once" if at == 3 else f"{at}.ok") for at in range(12)]
    with Backend("loky", jobs=2).connected() as pool:
        assert [*pool.map(fatal_once, map(str, markers))] == [str(at) for at in range(12)]


def test_work_that_kills_every_worker_is_given_up() -> None:
    """A chunk that ends one worker after the other is not tried forever."""
    with (
        pytest.raises(BackendError, match="ended 4 workers"),
        Backend("loky", jobs=2).connected() as pool,
    ):
        list(pool.map(fatal, [os.getpid()] * 2))


def test_few_chunks_are_read_ahead() -> None:
    """Of an endless file, only what the workers are working on is read."""
    count = 0

    def endless() -> Iterator[int]:
        nonlocal count
        while True:
            count += 1
            yield count

    with Backend("loky", jobs=2).connected() as pool:
        results = cast(Generator[int, None, None], pool.map(abs, endless()))
        assert [next(results) for _ in range(50)] == [*range(1, 51)]
        assert count <= 50 + 2 * backends.CHUNKS_PER_WORKER * 2
        results.close()


def test_loky_gives_the_same_records(work: WorkerSpec) -> None:
    """Two processes give the same records as one, including bad rows."""
    expected = untimed(files.records(work.moderator(), rows(3_000)))
    with Backend("loky", jobs=2).connected() as pool:
        assert untimed(files.records_in_pool(pool, work, rows(3_000))) == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"policy": "sha256:0"}, "the policy names", id="another policy"),
        pytest.param({"cards": "sha256:0"}, "other models under the same names", id="other models"),
        pytest.param({"program": "3.0 sha256:0"}, "another version", id="another program"),
        pytest.param({"versions": (("abuse", "1"),)}, "not the models", id="models not there"),
        pytest.param({"tables": '{"no": {}}'}, "no such policy", id="a rule not there"),
    ],
)
def test_a_worker_that_would_decide_differently_refuses(
    work: WorkerSpec, change: dict[str, Any], message: str
) -> None:
    """The worker names the difference in policy, models or program, and decides nothing."""
    other = replace(work, **change)
    with (
        pytest.raises(WorkerSpecError, match=message),
        Backend("loky", jobs=2).connected() as pool,
    ):
        list(files.records_in_pool(pool, other, rows(10)))


def test_the_program_is_the_whole_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker with another rule or another text module is another program."""
    library = tmp_path / "moderation"
    shutil.copytree(paths.PACKAGE, library, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(paths, "PACKAGE", library)
    monkeypatch.setattr(worker, "__file__", str(library / "batch" / "worker.py"))
    programs = [worker._program.__wrapped__()]
    for changed in ("rules/abuse.py", "text/words.toml", "batch/rows.py"):
        with (library / changed).open("a") as file:
            file.write("# changed\n")
        programs.append(worker._program.__wrapped__())
    assert len(set(programs)) == len(programs)


def test_the_models_are_loaded_once(work: WorkerSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process loads the models once, for all its chunks and threads."""
    loads: list[Policy] = []

    def slow(policy: Policy, models: object) -> Moderator:
        loads.append(policy)
        time.sleep(0.05)
        return Moderator(policy, models)  # type: ignore[arg-type]

    monkeypatch.setattr(worker, "Moderator", slow)
    worker._moderator.cache_clear()
    threads = [threading.Thread(target=work.moderator) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    worker._moderator.cache_clear()


def test_files_that_the_policy_names_count(folder: Path) -> None:
    """A worker reads the policy's word list itself, and it must have the same content."""
    (folder / "mine.toml").write_text('[word_list]\nbanned_file = "words.txt"\n', "utf-8")
    (folder / "words.txt").write_text("humbug\n", "utf-8")
    spec = WorkerSpec.of(Policy.load(folder / "mine.toml"), folder)
    (folder / "words.txt").write_text("hogwash\n", "utf-8")
    with pytest.raises(WorkerSpecError, match="other content"):
        spec.moderator()


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        pytest.param(["--backend", "dask"], 2, "needs the address", id="dask without address"),
        pytest.param(["--address", "tcp://a:1"], 2, "goes with --backend", id="address alone"),
        pytest.param(["--backend", "loky", "--address", "x"], 2, "no address", id="loky elsewhere"),
        pytest.param(
            ["--backend", "dask", "--address", "tcp://127.0.0.1:1", "--jobs", "2"],
            2,
            "knows how many jobs",
            id="dask with jobs",
        ),
        pytest.param(
            ["--backend", "dask", "--address", "tcp://127.0.0.1:1"],
            1,
            "no Dask scheduler at tcp://127.0.0.1:1",
            id="no scheduler there",
        ),
        pytest.param(["--jobs", "0"], 2, "--jobs", id="no job"),
        pytest.param(["--backend", "ray"], 2, "ray was removed: use dask", id="ray"),
        pytest.param(["--backend", "spark"], 2, "spark was removed: use dask", id="spark"),
    ],
)
def test_wrong_options(
    options: list[str],
    code: int,
    message: str,
    folder: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Options that do not fit together, and a scheduler that does not answer, give one line."""
    monkeypatch.setattr(backends, "TIMEOUT", 1.0)
    source = folder / "in.csv"
    source.write_text("text\nWell said.\n", "utf-8")
    assert run(["check", "--input", str(source), "--models", str(folder), *options]) == code
    error = capfd.readouterr().err
    assert message in error.splitlines()[-1]


def test_a_backend_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra to install."""

    def missing(name: str) -> Any:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with (
        pytest.raises(BackendError, match=r"pip install -e '.\[dask\]'"),
        Backend("dask", "tcp://127.0.0.1:1").connected(),
    ):
        pass
