"""What an operator does by hand: `moderation db`, `keys`, `record`, `webhooks` and `settings`."""

from __future__ import annotations

import datetime as dt
import json
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import sessionmaker

from api.record import database, decisions, verdicts, webhooks
from api.record.database import Sessions, writing
from api.record.spool import Spool
from api.record.tables import DecisionRow
from api.record.webhooks import Hook
from moderation import Action, Comment
from tests.api.conftest import Run, small_moderator

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
HOOK = Hook("https://desk.example/hook?token=hidden", "secret")


@pytest.fixture
def sessions(run: Run, tmp_path: Path) -> Sessions:
    """The same record, with one decision and one dead letter in it."""
    assert run("db", "upgrade").exit_code == 0
    made = sessionmaker(database.connect(f"sqlite:///{tmp_path}/var/record.sqlite"))
    _keep(made, "c1")
    with writing(made) as session:
        webhooks.enqueue(session, [HOOK], "decision", {"id": "d1"}, NOW)
        session.flush()
        session.execute(sa.text("UPDATE deliveries SET state = 'dead', last_error = 'gone'"))
    return made


def _values(comment_id: str) -> dict[str, object]:
    moderator = small_moderator()
    comment = Comment("LOUD", id=comment_id, author="ravi")
    return decisions.fields(
        moderator.moderate(comment),
        comment,
        moderator.policy,
        community="",
        route="v1",
        store=True,
        now=NOW,
    )


def _keep(sessions: Sessions, comment_id: str) -> None:
    decisions.keep(sessions, [_values(comment_id)], NOW)


def test_the_schema_is_made_and_nobody_else_reads_it(run: Run, tmp_path: Path) -> None:
    """The folder and the file are the service's own."""
    for _ in range(2):
        result = run("db", "upgrade")
        assert (result.exit_code, result.stdout) == (0, "The record's schema is up to date.\n")
    made = tmp_path / "var" / "record.sqlite"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700


def test_a_newer_schema_is_said_in_one_line(run: Run, sessions: Sessions) -> None:
    """An older program must not touch what it does not know."""
    with writing(sessions) as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    for arguments in (["db", "upgrade"], ["keys", "list"], ["record", "verify"]):
        result = run(*arguments)
        assert result.exit_code == 1
        assert result.stderr.count("\n") == 1
        assert "schema is 9999, which this version does not know" in result.stderr


def test_a_database_that_is_away_is_said_in_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its password nowhere."""
    monkeypatch.setenv("MODERATION_DATABASE", "postgresql://me:hidden@127.0.0.1:1/record")
    result = run("db", "upgrade")
    assert result.exit_code == 1
    assert result.stderr.startswith("moderation: the record cannot be used: ")
    assert result.stderr.count("\n") == 1
    assert "hidden" not in result.stderr


def test_keys_are_made_listed_and_revoked(run: Run) -> None:
    """The secret stands alone on standard output, once."""
    made = run("keys", "create", "--name", "desk", "--scope", "read", "--scope", "verdict")
    secret = made.stdout.strip()
    assert (made.exit_code, secret.startswith("hr-")) == (0, True)
    key_id = secret.split("-")[1]
    assert "read verdict" in run("keys", "list").stdout
    assert secret not in run("keys", "list").stdout
    assert run("keys", "revoke", key_id).stdout == f"Key {key_id} is revoked.\n"
    assert "revoked" in run("keys", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["keys", "create", "--name", "a"], "--scope"),
        (["keys", "create", "--name", "a", "--scope", "all"], "'all' is not one of"),
        (["keys", "create", "--name", "a", "--scope", "read", "--rate", "often"], "rate: use one"),
        (["keys", "revoke", "nobody"], "there is no key 'nobody'"),
        (["webhooks", "resend", "zzz"], "there is no dead letter 'zzz'"),
        (["record", "erase"], "name one of"),
        (["record", "erase", "--author", "a", "--comment", "b"], "name one of"),
        (["record", "erase", "--older-than", "0"], "0 is not in the range"),
        (["record", "unseal"], "No such command"),
    ],
)
def test_wrong_usage(run: Run, arguments: list[str], said: str) -> None:
    """Exit code 2, and what would be right."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("MODERATION_RATE", "often", "MODERATION_RATE: must be a rate"),
        ("MODERATION_DATABASE", "mysql://a", "MODERATION_DATABASE: must be sqlite:///"),
        ("MODERATION_RATE_STORAGE", "nowhere://a", "MODERATION_RATE_STORAGE: must be memory://"),
        ("MODERATION_WEBHOOKS", "https://me:pw@desk.example", "must hold no password"),
    ],
)
def test_wrong_settings(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    """Exit code 2, and the variable's name."""
    monkeypatch.setenv(name, value)
    result = run("settings")
    assert result.exit_code == 2
    assert said in result.stderr


def test_settings_are_shown_without_secrets(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a password in an address nor a token nor the webhooks' secret."""
    monkeypatch.setenv("MODERATION_DATABASE", "postgresql://me:hidden@db/record?password=hidden")
    monkeypatch.setenv("MODERATION_WEBHOOKS", "https://desk.example/hook?token=hidden")
    monkeypatch.setenv("MODERATION_WEBHOOK_SECRET", "hidden")
    result = run("settings")
    assert result.exit_code == 0
    assert "MODERATION_DATABASE=postgresql://me:***@db/record?***" in result.stdout
    assert "MODERATION_RATE=50 per second" in result.stdout
    assert "hidden" not in result.stdout
    assert "# The webhook secret for libraries: whsec_aGlkZGVu\n" in result.stdout
    monkeypatch.setenv("MODERATION_WEBHOOK_SECRET", "whsec_hidden!")
    warned = run("settings")
    assert "libraries: whsec_d2hzZWNfaGlkZGVuIQ==\n" in warned.stdout
    assert "base64 does not follow" in warned.stderr
    assert "hidden" not in warned.stdout + warned.stderr
    monkeypatch.delenv("MODERATION_WEBHOOK_SECRET")
    assert "libraries" not in run("settings").stdout


def test_sealing_and_verifying(run: Run, sessions: Sessions) -> None:
    """Exit code 1 when the record is not as it was sealed, or not the one that was kept."""
    sealed = run("record", "seal")
    kept = sealed.stdout.strip()
    assert (sealed.exit_code, len(kept)) == (0, 64)
    assert sealed.stderr.startswith("seal 1: 1 row since the last\n")
    again = run("record", "seal")
    assert (again.exit_code, again.stdout) == (0, sealed.stdout)
    assert again.stderr == "Nothing new to seal.\n"
    assert run("record", "verify").stdout == "1 seal over 1 row, 0 rows not sealed yet\n"
    assert run("record", "verify", "--expect", kept).exit_code == 0
    other = run("record", "verify", "--expect", "0" * 64)
    assert other.exit_code == 1
    assert "no seal has the hash you kept" in other.stderr
    with writing(sessions) as session:
        session.execute(sa.text("UPDATE decisions SET text = 'Other'"))
    assert run("record", "verify").exit_code == 1


def test_an_empty_record_has_no_seal(run: Run) -> None:
    """Nothing stands where a hash would be taken for one."""
    run("db", "upgrade")
    result = run("record", "seal")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "Nothing to seal yet.\n"


def test_erasing(run: Run, sessions: Sessions, tmp_path: Path) -> None:
    """In the record and in the spool, by comment, author and age."""
    spool = Spool(tmp_path / "spool")
    spool.put(_values("c2"))
    _keep(sessions, "c3")
    assert run("record", "erase", "--comment", "c3").stdout.startswith("1 decision holds no")
    assert run("record", "erase", "--author", "ravi").stdout.startswith("2 decisions hold no")
    _keep(sessions, "c4")
    assert run("record", "erase", "--older-than", "1").exit_code == 0
    (waiting,) = spool.folder.glob("*.json")
    assert "LOUD" not in waiting.read_text()
    assert "ravi" not in waiting.read_text()


def test_verdicts_are_exported_for_training(run: Run, sessions: Sessions, tmp_path: Path) -> None:
    """One line for each decision with a verdict; training reads it, from the record itself too."""
    assert run("record", "export", "--verdicts").stdout == ""
    with writing(sessions) as session:
        (decision,) = session.scalars(sa.select(DecisionRow)).all()
        verdicts.give(
            session,
            decision.id,
            action=Action.REJECT,
            who="asha",
            reason=None,
            route="v1",
            now=NOW,
        )
    (line,) = run("record", "export", "--verdicts").stdout.splitlines()
    assert json.loads(line)["history"]["verdicts"][0]["action"] == "reject"
    (tmp_path / "said.jsonl").write_text(line + "\n", "utf-8")
    url = f"sqlite:///{tmp_path}/var/record.sqlite"
    for source in (str(tmp_path / "said.jsonl"), "record", url):
        trained = run("train", "abuse", "--verdicts", source, "--out", str(tmp_path / "models"))
        assert trained.exit_code == 2
        assert "too few verdicts" in trained.stderr
    assert run("train", "abuse", "--verdicts", "nonsense://x").exit_code == 2
    assert not (tmp_path / "models").exists()


def test_what_waits_for_a_verdict_is_asked_about(
    run: Run, sessions: Sessions, tmp_path: Path
) -> None:
    """Of the record and by its URL; what a moderator has judged is not asked about again."""
    with sessions() as session:
        (waits,) = session.scalars(sa.select(DecisionRow.id)).all()
    for source in ("record", f"sqlite:///{tmp_path}/var/record.sqlite"):
        asked = run("ask", source).stdout.splitlines()
        assert [line.partition(",")[0] for line in asked] == ["id", waits]
    with writing(sessions) as session:
        verdicts.give(
            session, waits, action=Action.APPROVE, who="asha", reason=None, route="v1", now=NOW
        )
    assert run("ask").stdout.splitlines() == ["id,text,score,verdict,rule"]


def test_dead_letters_are_listed_and_sent_again(run: Run, sessions: Sessions) -> None:
    """Without what stands behind the '?' of their address."""
    listed = run("webhooks", "dead").stdout
    assert "https://desk.example/hook?***  gone" in listed
    assert "token" not in listed
    assert run("webhooks", "resend", listed.split()[0]).stdout == "1 delivery is due again.\n"
    assert run("webhooks", "resend").stdout == "0 deliveries are due again.\n"
    with sessions() as session:
        (body,) = session.execute(sa.text("SELECT body FROM deliveries WHERE state = 'due'")).one()
    assert json.loads(body)["data"] == {"id": "d1"}
