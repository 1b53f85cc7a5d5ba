"""`moderation policy replay`: a new policy over the recorded comments, from the command line."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from pathlib import Path

import pytest
from sqlalchemy.orm import sessionmaker

from api.decisions import Decider, DecisionRequest
from api.record import database, verdicts
from api.record.spool import Spool
from moderation import Action, Comment, Moderator
from tests.api.conftest import Run

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
TEXTS = ("I agree with the editor.", "THIS GOVERNMENT HAS LEARNED NOTHING", "=1+1 \x1b[31m is two")


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A policy that rejects shouting and reviews the word "editor"."""
    file = tmp_path / "new.toml"
    file.write_text('[shouting]\nreject = 0.5\n[word_list]\nsuspect = ["editor", "two"]\n', "utf-8")
    return file


@pytest.fixture
def moderator() -> Moderator:
    """The shipped moderator."""
    return Moderator.load()


@pytest.fixture
def ids(run: Run, tmp_path: Path, moderator: Moderator) -> list[str]:
    """The ids of three recorded decisions. A moderator rejected the second."""
    assert run("db", "upgrade").exit_code == 0
    sessions = sessionmaker(database.connect(f"sqlite:///{tmp_path}/var/record.sqlite"))
    decider = Decider(moderator, sessions, Spool(tmp_path / "spool"), clock=lambda: NOW)
    answers = decider.decide([DecisionRequest(Comment(text, author="ravi")) for text in TEXTS])
    with decider.writing("verdict", answers[1]["id"]) as session:
        verdicts.give(
            session,
            answers[1]["id"],
            action=Action.REJECT,
            who="desk",
            reason=None,
            route="v1",
            now=NOW,
        )
    return [answer["id"] for answer in answers]


def test_the_report_shows_what_would_change(
    run: Run, policy: Path, ids: list[str], moderator: Moderator
) -> None:
    """The report has both policies' hashes, models, counts and comments, and is reproducible."""
    result = run("policy", "replay", str(policy))
    assert result.exit_code == 0
    assert moderator.policy.hash in result.stdout
    assert all(version in result.stdout for version in moderator.models.versions.values())
    assert "3, decided 2026-11-23 12:00 to" in result.stdout
    assert "0 under another policy, 0 by other models" in result.stdout
    assert "review -> reject" in result.stdout
    assert ids[1] in result.stdout
    assert "“I agree with the editor.”" in result.stdout
    assert "\x1b" not in result.stdout
    assert run("policy", "replay", str(policy)) == result


def test_as_lines_of_json(run: Run, policy: Path, ids: list[str]) -> None:
    """The first line has the counts; each other line is a changed comment."""
    result = run("policy", "replay", str(policy), "--format", "jsonl")
    summary, *changed = map(json.loads, result.stdout.splitlines())
    assert summary["comments"] == 3
    assert summary["recorded"]["decided_otherwise_now"] == {"same": 0, "other": 0}
    assert summary["verdicts"]["now"] == {"agrees": 0, "asks": 1, "contrary": 0}
    assert summary["verdicts"]["then"] == {"agrees": 1, "asks": 0, "contrary": 0}
    assert {entry["id"] for entry in changed} <= set(ids)
    assert summary["changed"] == len(changed) >= 2
    assert changed[0]["turned"] == "shouting"


def test_as_csv(run: Run, policy: Path, ids: list[str]) -> None:
    """The table lists the changes. An author's text is never a spreadsheet formula."""
    result = run("policy", "replay", str(policy), "--format", "csv")
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(result.stdout))}
    assert rows[ids[1]]["to"] == "reject"
    assert rows[ids[2]]["quote"].startswith("'=1+1")
    assert "new policy" in result.stderr


def test_the_policy_in_use_can_be_set(
    run: Run, policy: Path, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings or --policy name it. Decisions under another policy are counted."""
    assert ids
    by_option = run("policy", "replay", str(policy), "--policy", str(policy))
    assert "0 comments would be decided otherwise" in by_option.stdout
    assert "3 under another policy" in by_option.stdout
    monkeypatch.setenv("MODERATION_POLICY", str(policy))
    assert run("policy", "replay", str(policy)).stdout == by_option.stdout


def test_a_bad_policy_is_reported_before_the_record_is_read(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names table and key, even if the database is away."""
    bad = tmp_path / "bad.toml"
    bad.write_text("[shouting]\nreview = 7\n", "utf-8")
    monkeypatch.setenv("MODERATION_DATABASE", "postgresql://me@127.0.0.1:1/record")
    result = run("policy", "replay", str(bad))
    assert result.exit_code == 2
    assert "[shouting] review" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--since", "2030-01-01"], "choose another --since"),
        (["--since", "yesterday"], "does not match the formats"),
        (["--most", "0"], "0 is not in the range"),
        (["--record", "mysql://here"], "use sqlite:///"),
    ],
)
def test_wrong_usage(
    run: Run, policy: Path, ids: list[str], arguments: list[str], message: str
) -> None:
    """The error message says what to do."""
    assert ids
    result = run("policy", "replay", str(policy), *arguments)
    assert result.exit_code in (1, 2)
    assert message in result.stderr


def test_an_empty_record_is_an_error(run: Run, policy: Path) -> None:
    """Without comments, the replay proves nothing."""
    result = run("policy", "replay", str(policy))
    assert result.exit_code == 1
    assert "the record holds no decision yet" in result.stderr


def test_erased_texts_cannot_be_replayed(run: Run, policy: Path, ids: list[str]) -> None:
    """The error message says why."""
    assert ids
    run("record", "erase", "--author", "ravi")
    result = run("policy", "replay", str(policy))
    assert result.exit_code == 1
    assert "none of the 3 decisions has its text" in result.stderr
