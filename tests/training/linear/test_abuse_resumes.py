"""abuse: the same bytes again, and an interrupted training leaves nothing and goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from moderation.training import metrics
from moderation.training.linear import abuse
from tests.training import small


def learned(folder: Path) -> dict[str, bytes]:
    """The version's name and its weights."""
    weights = {path.name: path.read_bytes() for path in sorted(folder.glob("*.npy"))}
    return {"name": folder.name.encode(), **weights}


def begun(data: Path, out: Path, cache: Path) -> subprocess.Popen[str]:
    """The command, as it is given in a shell."""
    folders = ("--data", data, "--out", out, "--cache", cache)
    command = [sys.executable, "-m", "moderation", "train", "abuse", *map(str, folders)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603


def broken(process: subprocess.Popen[str], step: str, how: signal.Signals) -> int:
    """Its exit code when it was told to end in the middle of a step."""
    with process:
        assert process.stderr
        assert any(step in line for line in process.stderr), f"it never came to '{step}'"
        process.send_signal(how)
    return process.returncode


def test_an_interrupted_training_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted while it read and killed while it learned, the third run ends with the very
    weights of one that was left alone; it takes comments and n-grams as they were left."""
    monkeypatch.setattr(metrics, "RESAMPLES", 2)  # of the run that is left alone: it is quicker
    data, out, cache = tmp_path / "data", tmp_path / "out", tmp_path / "cache"
    small.write(data, rows=60)
    alone = abuse.train(data, tmp_path / "alone")
    assert broken(begun(data, out, cache), "reading comments", signal.SIGINT) != 0
    assert broken(begun(data, out, cache), "learning labels", signal.SIGKILL) == -signal.SIGKILL
    assert [path for path in out.glob("abuse/*") if not (path / "card.json").exists()] == []
    kept = {path: path.stat().st_mtime_ns for path in cache.rglob("*") if path.is_file()}
    assert any(path.suffix == ".sqlite" for path in kept)
    assert any("_chunk" in path.parts and path.name == "output.pkl" for path in kept)
    said, errors = begun(data, out, cache).communicate()
    assert said.strip(), errors
    assert learned(Path(said.strip())) == learned(alone)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert [path.name for path in (out / "abuse").iterdir()] == [alone.name]
