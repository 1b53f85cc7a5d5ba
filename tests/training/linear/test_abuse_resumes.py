"""Training the abuse model: it resumes after an interruption and gives the same weights."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from moderation.training import metrics
from moderation.training.linear import abuse
from tests.training import small


def model(folder: Path) -> dict[str, bytes]:
    """Return the version's name and its weights."""
    weights = {path.name: path.read_bytes() for path in sorted(folder.glob("*.npy"))}
    return {"name": folder.name.encode(), **weights}


def started(data: Path, out: Path, cache: Path) -> subprocess.Popen[str]:
    """Start the training command."""
    folders = ("--data", data, "--out", out, "--cache", cache)
    command = [sys.executable, "-m", "moderation", "train", "abuse", *map(str, folders)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603


def interrupted(process: subprocess.Popen[str], step: str, signum: signal.Signals) -> int:
    """Send a signal in the middle of a step; return the exit code."""
    with process:
        assert process.stderr
        assert any(step in line for line in process.stderr), f"it did not reach '{step}'"
        process.send_signal(signum)
    return process.returncode


def test_an_interrupted_training_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is interrupted while it reads, and killed while it fits. The third run gives the weights
    of an uninterrupted one, and reuses comments and n-grams from the cache."""
    monkeypatch.setattr(metrics, "RESAMPLES", 2)  # makes the uninterrupted run faster
    data, out, cache = tmp_path / "data", tmp_path / "out", tmp_path / "cache"
    small.write(data, rows=60)
    uninterrupted = abuse.train(data, tmp_path / "uninterrupted")
    assert interrupted(started(data, out, cache), "reading comments", signal.SIGINT) != 0
    killed = interrupted(started(data, out, cache), "learning labels", signal.SIGKILL)
    assert killed == -signal.SIGKILL
    assert [path for path in out.glob("abuse/*") if not (path / "card.json").exists()] == []
    cached = {path: path.stat().st_mtime_ns for path in cache.rglob("*") if path.is_file()}
    assert any(path.suffix == ".sqlite" for path in cached)
    assert any("_chunk" in path.parts and path.name == "output.pkl" for path in cached)
    output, errors = started(data, out, cache).communicate()
    assert output.strip(), errors
    assert model(Path(output.strip())) == model(uninterrupted)
    assert {path: path.stat().st_mtime_ns for path in cached} == cached
    assert [path.name for path in (out / "abuse").iterdir()] == [uninterrupted.name]
