"""Models are promoted, damaged, repaired and rolled back while the service is under load."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from moderation.lifecycle.promotion import promote, rollback
from moderation.scoring.store import CHAMPION, SHIPPED, champions
from tests.faults.service import Load, Service, running, until

USED = champions(SHIPPED)
SPAM = USED["spam"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with the shipped models and a challenger: a copy of the spam model."""
    root = tmp_path / "models"
    for name, version in USED.items():
        shutil.copytree(SHIPPED / name / version, root / name / version)
    shutil.copytree(SHIPPED / "spam" / SPAM, root / "spam" / "challenger")
    shutil.copy(SHIPPED / CHAMPION, root)
    return root


@pytest.fixture
def service(root: Path, tmp_path: Path) -> Iterator[Service]:
    """A running service with two workers, the shipped policy and these models."""
    folder = tmp_path / "service"
    stopped = Service(
        folder,
        f"sqlite:///{folder}/record.sqlite",
        environment={"MODERATION_MODELS": str(root)},
        shipped=True,
    )
    with running(stopped) as started:
        yield started


def metric(service: Service, name: str) -> float | None:
    """Return a metric's value over all workers; None if it is missing."""
    for line in service.ask("GET", "/metrics")[1].decode().splitlines():
        if line.startswith(f"{name} "):
            return float(line.rpartition(" ")[2])
    return None


def use(service: Service, version: str) -> float | None:
    """Return 1 while any worker uses this version of the spam model, otherwise 0."""
    return metric(service, f'moderation_version{{kind="spam",version="{version}"}}')


def deciding(service: Service) -> set[str]:
    """Return the versions of the spam model that now decide in any worker."""
    return {service.decide(f"Comment {number}")["models"]["spam"] for number in range(20)}


def test_promoted_and_rolled_back_under_load(service: Service, root: Path) -> None:
    """All workers use it, also one that starts later. No request fails."""
    with Load(service) as load:
        promote(root, "spam", "challenger", who="asha", even_if="a test")
        until(lambda: use(service, SPAM) == 0 and use(service, "challenger") == 1, "the challenger")
        assert deciding(service) == {"challenger"}
        answered = len(load.answers)
        until(lambda: len(load.answers) > answered + 20, "more answers")
    assert not load.refused
    assert not load.unanswered
    # The parent process has loaded the earlier models. A new worker must load the current ones.
    service.kill_worker()
    assert deciding(service) == {"challenger"}
    rollback(root, "spam", who="ben")
    until(lambda: use(service, "challenger") == 0, "the model before")
    assert deciding(service) == {SPAM}


def test_a_damaged_model_is_refused(service: Service, root: Path) -> None:
    """The old model stays in use, and readiness reports it. Repaired, the new one is used."""
    weights = root / "spam" / "challenger" / "weights.npy"
    content = weights.read_bytes()
    with Load(service, clients=2) as load:
        damaged, truncated = content[:-1] + bytes([content[-1] ^ 1]), content[:999]
        for broken in (damaged, truncated):
            weights.write_bytes(broken)
            (root / CHAMPION).write_text(json.dumps({**USED, "spam": "challenger"}))
            until(lambda: metric(service, "moderation_refused") == 2, "both workers' refusal")
            assert deciding(service) == {SPAM}
            status, ready = service.ask("GET", "/readyz")
            assert (status, json.loads(ready)["status"]) == (200, "ok")
            assert "weights.npy" in json.loads(ready)["refused"][0]
            weights.write_bytes(content)
            until(lambda: metric(service, "moderation_refused") == 0, "both workers to use it")
            assert deciding(service) == {"challenger"}
            rollback_by_hand(service, root)
    assert not load.refused
    assert not load.unanswered
    assert service.stderr.count("is not taken") == 4  # once per worker, not once per try


def rollback_by_hand(service: Service, root: Path) -> None:
    """Put the shipped models back in use."""
    (root / CHAMPION).write_text(json.dumps(USED))
    until(lambda: use(service, "challenger") == 0, "the model before")


def test_a_respawned_worker_loads_what_was_verified(service: Service, root: Path) -> None:
    """It does not read the files again, which may have been replaced since their hash."""
    text = "You are an idiot."
    before = service.decide(text)["scores"]
    for path in (*root.rglob("*.onnx"), *root.rglob("*.npy"), *root.rglob("*.crfsuite")):
        path.write_bytes(b"another file")
    for path in root.rglob("tokenizer.json"):
        path.write_text("{}")
    service.kill_worker()
    service.kill_worker()
    answers = [service.decide(text)["scores"] for _ in range(10)]
    assert answers == [before] * 10
