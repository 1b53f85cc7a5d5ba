"""Other processes and machines carry the work: same results, nothing lost, nothing twice."""

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

# Loky's own thread may look for work that was taken back a moment before (joblib 1.6.0, a KeyError
# in add_call_item_to_queue): whoever closes early has what they wanted, and nothing is lost.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")

PLAIN = {name: {"enabled": name in ("length", "shouting")} for name in rules.all_rules()}
SAID = ["Well said, sir.", "THIS GOVERNMENT HAS LEARNED ABSOLUTELY NOTHING", "The roads are bad."]


def rows(number: int) -> Iterator[Row]:
    """Rows of all kinds, every seventh of which cannot be judged."""
    for at in range(number):
        if at % 7 == 6:
            yield Row(at + 1, at, error="text: is empty")
        else:
            yield Row(at + 1, at, Comment(f"{SAID[at % 3]} {at}"))


def untimed(records: Iterator[files.Record]) -> list[tuple[int, str, str]]:
    """What of the records does not depend on the clock."""
    return [(it.line, it.verdict, it.json.partition('"took_ms"')[0]) for it in records]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of models without any: what carries the work is tested here."""
    (tmp_path / "champion.json").write_text("{}", "utf-8")
    return tmp_path


@pytest.fixture
def work(folder: Path) -> WorkerSpec:
    """The work of judging by two rules and no model."""
    return WorkerSpec.of(Policy.load(PLAIN), folder)


@contextlib.contextmanager
def program(*arguments: str, ready: str) -> Iterator[subprocess.Popen[str]]:
    """One of Dask's programs, from when it has said that it is ready."""
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
    """A scheduler of Dask, by its address."""
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
    """A scheduler of Dask with two worker processes, as an operator starts them."""
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
    """One of two workers is killed in the middle: the same records, each once, in order."""
    address, workers = cluster
    expected = untimed(files.records(work.moderator(), rows(20_000)))
    with Backend("dask", address).connected() as crew:
        assert crew.size() == 2
        carried = files.records_by(crew, work, rows(20_000))
        first = [next(carried) for _ in range(2_000)]
        workers[0].send_signal(signal.SIGKILL)
        workers[0].wait()
        found = untimed(iter([*first, *carried]))
        assert crew.size() == 1
    assert found == expected


@pytest.mark.usefixtures("cluster")
def test_a_killed_scheduler_is_said(
    scheduler: tuple[str, subprocess.Popen[str]], work: WorkerSpec
) -> None:
    """Without its scheduler the work stops, says so, and what came until then is right."""
    address, process = scheduler
    expected = untimed(files.records(work.moderator(), rows(20_000)))
    with Backend("dask", address).connected() as crew:
        carried = files.records_by(crew, work, rows(20_000))
        found = [next(carried) for _ in range(1_000)]
        process.kill()
        with pytest.raises(BackendError, match=f"^the Dask scheduler at {address} has gone$"):
            found.extend(carried)
    assert 1_000 <= len(found) < 20_000
    assert untimed(iter(found)) == expected[: len(found)]


@pytest.mark.usefixtures("cluster")
def test_a_scheduler_killed_while_it_is_waited_for(
    scheduler: tuple[str, subprocess.Popen[str]],
) -> None:
    """Nobody waits for ever for work that was in hand."""
    address, process = scheduler
    with Backend("dask", address).connected() as crew:
        results = crew.map(time.sleep, [0, 0, 60, 60])
        next(results)
        process.kill()
        with pytest.raises(BackendError, match="has gone"):
            list(results)


def test_the_command_gives_dask_the_file(
    cluster: tuple[str, list[subprocess.Popen[str]]],
    folder: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """`check --backend dask`: a line for every row in order, a bad row's error in its place."""
    source, target = folder / "in.jsonl", folder / "out.jsonl"
    source.write_text('{"id": 1, "text": "Well said."}\n{"id": 2, "text": ""}\n', "utf-8")
    options = ["--models", str(folder), "--backend", "dask", "--address", cluster[0]]
    assert run(["check", "--input", str(source), "--output", str(target), *options]) == 1
    first, second = target.read_text("utf-8").splitlines()
    assert first.startswith('{"id": 1')
    assert second.startswith('{"line": 2, "id": 2, "error": "text: is empty')
    assert "2 rows: " in capfd.readouterr().err


def fatal_once(marker: str) -> str:
    """Work that kills the process it is done in, the first time."""
    path = Path(marker)
    if path.suffix == ".once" and not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return path.stem


def fatal(tests: int) -> None:
    """Work that kills whoever does it, but never the process of the tests themselves."""
    if os.getpid() != tests:
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    """What a killed process of this machine had in hand is done again."""
    markers = [tmp_path / (f"{at}.once" if at == 3 else f"{at}.ok") for at in range(12)]
    with Backend("loky", jobs=2).connected() as crew:
        assert [*crew.map(fatal_once, map(str, markers))] == [str(at) for at in range(12)]


def test_work_that_kills_every_worker_is_given_up() -> None:
    """A chunk that ends one worker after the other is blamed, and not tried for ever."""
    with (
        pytest.raises(BackendError, match="ended 4 workers"),
        Backend("loky", jobs=2).connected() as crew,
    ):
        list(crew.map(fatal, [os.getpid()] * 2))


def test_few_chunks_are_under_way() -> None:
    """Of an endless file only what the workers have in hand is read."""
    taken = 0

    def endless() -> Iterator[int]:
        nonlocal taken
        while True:
            taken += 1
            yield taken

    with Backend("loky", jobs=2).connected() as crew:
        results = cast(Generator[int, None, None], crew.map(abs, endless()))
        assert [next(results) for _ in range(50)] == [*range(1, 51)]
        assert taken <= 50 + 2 * backends.AHEAD * 2
        results.close()


def test_loky_judges_as_one_process_does(work: WorkerSpec) -> None:
    """Two processes give the records that one gives, bad rows among them."""
    expected = untimed(files.records(work.moderator(), rows(3_000)))
    with Backend("loky", jobs=2).connected() as crew:
        assert untimed(files.records_by(crew, work, rows(3_000))) == expected


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"policy": "sha256:0"}, "the policy names", id="another policy"),
        pytest.param({"cards": "sha256:0"}, "other models under the same names", id="other models"),
        pytest.param({"program": "3.0 sha256:0"}, "another version", id="another program"),
        pytest.param({"versions": (("abuse", "1"),)}, "not the models", id="models not there"),
        pytest.param({"tables": '{"no": {}}'}, "no such policy", id="a rule not there"),
    ],
)
def test_a_worker_that_would_judge_otherwise_refuses(
    work: WorkerSpec, change: dict[str, Any], said: str
) -> None:
    """Another policy, other models, another program: the worker names it, and judges nothing."""
    other = replace(work, **change)
    with (
        pytest.raises(WorkerSpecError, match=said),
        Backend("loky", jobs=2).connected() as crew,
    ):
        list(files.records_by(crew, other, rows(10)))


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
    """However many chunks a process judges, also in several threads, it loads the models once."""
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
    """A word list beside the policy is read by the worker, and must say the same there."""
    (folder / "mine.toml").write_text('[word_list]\nbanned_file = "words.txt"\n', "utf-8")
    (folder / "words.txt").write_text("humbug\n", "utf-8")
    given = WorkerSpec.of(Policy.load(folder / "mine.toml"), folder)
    (folder / "words.txt").write_text("hogwash\n", "utf-8")
    with pytest.raises(WorkerSpecError, match="other words"):
        given.moderator()


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        pytest.param(["--backend", "dask"], 2, "needs the address", id="dask without address"),
        pytest.param(["--address", "tcp://a:1"], 2, "goes with --backend", id="address alone"),
        pytest.param(["--backend", "loky", "--address", "x"], 2, "no address", id="loky elsewhere"),
        pytest.param(
            ["--backend", "dask", "--address", "tcp://127.0.0.1:1", "--jobs", "2"],
            2,
            "knows how many work",
            id="dask with jobs",
        ),
        pytest.param(
            ["--backend", "dask", "--address", "tcp://127.0.0.1:1"],
            1,
            "no Dask scheduler at tcp://127.0.0.1:1",
            id="nobody there",
        ),
        pytest.param(["--jobs", "0"], 2, "--jobs", id="no job"),
    ],
)
def test_wrong_options(
    options: list[str],
    code: int,
    said: str,
    folder: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What does not go together, or does not answer, is said in one line."""
    monkeypatch.setattr(backends, "PATIENCE", 1.0)
    source = folder / "in.csv"
    source.write_text("text\nWell said.\n", "utf-8")
    assert run(["check", "--input", str(source), "--models", str(folder), *options]) == code
    error = capfd.readouterr().err
    assert said in error.splitlines()[-1]


@pytest.mark.parametrize("backend", ["dask", "ray", "spark"])
def test_an_engine_that_is_not_installed(backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra to install is named."""

    def missing(name: str) -> Any:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with (
        pytest.raises(BackendError, match=rf"pip install -e '.\[{backend}\]'"),
        Backend(backend, "tcp://127.0.0.1:1").connected(),
    ):
        pass
