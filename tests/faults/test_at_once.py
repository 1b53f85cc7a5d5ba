"""Concurrent upgrades, seals and drains: one program does the work, the others wait or return."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy.orm import sessionmaker

from api.record import database, seal
from api.record.database import Sessions
from api.record.decisions import fields
from api.record.spool import Spool
from moderation import Comment, Moderator
from tests.api.record.conftest import NOW, Keep
from tests.faults.service import recorded


def _at_once(count: int, url: str, folder: Path, *arguments: str) -> list[tuple[int, str]]:
    """Start `count` programs together. Return the exit code and output of each."""
    environment = {
        **os.environ,
        "MODERATION_DATABASE": url,
        "MODERATION_SPOOL": str(folder / "spool"),
    }
    programs = [
        subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-m", "moderation", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(count)
    ]
    outputs = [program.communicate(timeout=120)[0] for program in programs]
    return [(program.returncode, out) for program, out in zip(programs, outputs, strict=True)]


def test_upgrades_at_once(url: str, tmp_path: Path) -> None:
    """All programs succeed, and the schema is complete."""
    results = _at_once(2, url, tmp_path, "db", "upgrade")
    assert {code for code, _ in results} == {0}, results
    engine = database.connect(url)
    current, wanted = database.revisions(engine)
    engine.dispose()
    assert current == wanted


def test_seals_at_once(url: str, sessions: Sessions, keep: Keep, tmp_path: Path) -> None:
    """The result is one chain, with each row under one seal."""
    for number in range(50):
        keep(f"Short {number}")
    results = _at_once(2, url, tmp_path, "record", "seal")
    assert {code for code, _ in results} == {0}, results
    output = "".join(out for _, out in results)
    assert sum(int(rows) for rows in re.findall(r": (\d+) rows since", output)) == 50
    with sessions() as session:
        result = seal.verify(session)
    assert (result.seals, result.rows, result.unsealed, result.problems) == (1, 50, 0, ())


@pytest.mark.usefixtures("sessions")
def test_drains_at_once(url: str, moderator: Moderator, tmp_path: Path) -> None:
    """One worker writes each waiting decision once."""
    spool = Spool(tmp_path / "spool")
    for number in range(250):
        comment = Comment(f"Short {number}", id=f"c{number}")
        decision = moderator.moderate(comment)
        values = fields(
            decision, comment, moderator.policy, community="", route="v1", store=True, now=NOW
        )
        spool.put(values)

    def drain(_: int) -> int:
        engine = database.connect(url)
        written = Spool(spool.folder).drain(sessionmaker(engine), NOW)
        engine.dispose()
        return written

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(drain, range(4))) == [0, 0, 0, 250]
    assert (len(spool), len(recorded(url)[0])) == (0, 250)
