"""Models are promoted, damaged, mended and rolled back under a running service and its load."""

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
    """The shipped models, and a challenger that is the spam model's copy."""
    root = tmp_path / "models"
    for name, version in USED.items():
        shutil.copytree(SHIPPED / name / version, root / name / version)
    shutil.copytree(SHIPPED / "spam" / SPAM, root / "spam" / "challenger")
    shutil.copy(SHIPPED / CHAMPION, root)
    return root


@pytest.fixture
def service(root: Path, tmp_path: Path) -> Iterator[Service]:
    """Two workers over the shipped policy and these models."""
    folder = tmp_path / "service"
    made = Service(
        folder,
        f"sqlite:///{folder}/record.sqlite",
        environment={"MODERATION_MODELS": str(root)},
        shipped=True,
    )
    with running(made) as started:
        yield started


def metric(service: Service, name: str) -> float | None:
    """What a metric says, of all workers together."""
    for line in service.ask("GET", "/metrics")[1].decode().splitlines():
        if line.startswith(f"{name} "):
            return float(line.rpartition(" ")[2])
    return None


def use(service: Service, version: str) -> float | None:
    """1 while any worker has this version of the spam model in use."""
    return metric(service, f'moderation_version{{kind="spam",version="{version}"}}')


def deciding(service: Service) -> set[str]:
    """The versions of the spam model that decide now, in whichever worker."""
    return {service.decide(f"Comment {number}")["models"]["spam"] for number in range(20)}


def test_promoted_and_rolled_back_under_load(service: Service, root: Path) -> None:
    """All workers take it, and one that starts later; no request fails."""
    with Load(service) as load:
        promote(root, "spam", "challenger", who="asha", even_if="a test")
        until(lambda: use(service, SPAM) == 0 and use(service, "challenger") == 1, "the challenger")
        assert deciding(service) == {"challenger"}
        answered = len(load.answers)
        until(lambda: len(load.answers) > answered + 20, "more answers")
    assert not load.refused
    assert not load.unanswered
    # A worker is forked from a process that loaded the models of then, and takes those of now.
    service.kill_worker()
    assert deciding(service) == {"challenger"}
    rollback(root, "spam", who="ben")
    until(lambda: use(service, "challenger") == 0, "the model before")
    assert deciding(service) == {SPAM}


def test_what_cannot_be_used_is_refused(service: Service, root: Path) -> None:
    """The old model decides on, in a service that is ready and says so; mended, the new one."""
    weights = root / "spam" / "challenger" / "weights.npy"
    whole = weights.read_bytes()
    with Load(service, clients=2) as load:
        for broken in (whole[:-1] + bytes([whole[-1] ^ 1]), whole[:999]):  # damaged, half copied
            weights.write_bytes(broken)
            (root / CHAMPION).write_text(json.dumps({**USED, "spam": "challenger"}))
            until(lambda: metric(service, "moderation_refused") == 2, "both workers' refusal")
            assert deciding(service) == {SPAM}
            status, ready = service.ask("GET", "/readyz")
            assert (status, json.loads(ready)["status"]) == (200, "ok")
            assert "weights.npy" in json.loads(ready)["refused"][0]
            weights.write_bytes(whole)
            until(lambda: metric(service, "moderation_refused") == 0, "both workers' consent")
            assert deciding(service) == {"challenger"}
            rollback_by_hand(service, root)
    assert not load.refused
    assert not load.unanswered
    assert service.said.count("is not taken") == 4  # once a worker, however often it tried


def rollback_by_hand(service: Service, root: Path) -> None:
    """Put the shipped models back in use."""
    (root / CHAMPION).write_text(json.dumps(USED))
    until(lambda: use(service, "challenger") == 0, "the model before")
