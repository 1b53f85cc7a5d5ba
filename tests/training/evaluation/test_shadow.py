"""shadow: what a challenger would change, and whether there is enough evidence."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from sqlalchemy.orm import sessionmaker

from api.record import database, decisions, shadows, verdicts
from api.record.database import writing
from moderation import Action, Comment, Moderator
from moderation.cli import run
from moderation.lifecycle.comparison import COMPARISON
from moderation.lifecycle.promotion import shadow as start_shadow
from moderation.lifecycle.shadow import ShadowPair
from moderation.scoring.models import Models
from moderation.training.evaluation import shadow
from moderation.training.evaluation.shadow import (
    VERDICTS,
    report,
    share,
    significantly_worse,
    summary,
)
from tests.challengers import LOUD, SPAM, spam_alone

APPROVE, REVIEW, REJECT = Action
NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)


def pair(
    champion: Action, challenger: Action, verdict: Action | None = None, moved: float = 0.0
) -> ShadowPair:
    """Return one comment's decisions."""
    return ShadowPair("d", "c", champion, challenger, moved, verdict, "sha256:0", NOW)


def test_no_change_among_few_decisions_proves_little() -> None:
    """The interval is still wide."""
    results = summary([pair(APPROVE, APPROVE)] * 20)
    assert (results["share"], results["changed"]) == (0.0, [])
    assert results["missing"] > 100
    assert summary([])["missing"] is None
    assert share(0, 3_000)["missing"] == 0


@pytest.mark.parametrize(
    ("champion", "challenger", "verdict", "nearer"),
    [
        (REVIEW, APPROVE, APPROVE, "challenger"),
        (REVIEW, APPROVE, REJECT, "champion"),
        (REVIEW, REJECT, REJECT, "challenger"),
        (REVIEW, REJECT, APPROVE, "champion"),
        (APPROVE, REVIEW, REJECT, "challenger"),
        (REJECT, APPROVE, APPROVE, "challenger"),
    ],
)
def test_nearer_to_the_verdict_is_right(
    champion: Action, challenger: Action, verdict: Action, nearer: str
) -> None:
    """A needless review is better than a wrong rejection."""
    counts = summary([pair(champion, challenger, verdict)])["verdicts"]
    assert counts[nearer] == counts["differ"] == counts["given"] == 1


def test_verdicts_of_review_and_on_equal_decisions_do_not_count() -> None:
    """They are only counted as given."""
    counts = summary([pair(REVIEW, APPROVE, REVIEW), pair(REVIEW, REVIEW, APPROVE)])["verdicts"]
    assert (counts["given"], counts["differ"], counts["p"]) == (2, 0, 1.0)


def test_verdicts_for_the_champion_count_against_the_challenger() -> None:
    """The difference must be significant, and there must be enough verdicts."""
    right, wrong = pair(REVIEW, APPROVE, REJECT), pair(REVIEW, APPROVE, APPROVE)
    assert significantly_worse(summary([right] * VERDICTS))
    assert not significantly_worse(summary([right] * (VERDICTS - 1)))
    assert not significantly_worse(summary([wrong] * VERDICTS))
    assert not significantly_worse(summary([right, wrong] * VERDICTS))


def test_the_largest_changes_come_first() -> None:
    """They are ordered by the change of the action, then of the score. The table counts all."""
    results = summary(
        [
            pair(APPROVE, REVIEW, moved=0.2),
            pair(APPROVE, REVIEW, moved=0.4),
            pair(REVIEW, REVIEW, moved=0.9),
            pair(APPROVE, REJECT, moved=0.1),
        ]
    )
    assert [change["moved"] for change in results["changed"]] == [0.1, 0.4, 0.2]
    assert results["actions"]["approve"] == {"approve": 0, "review": 2, "reject": 1}
    assert results["actions"]["review"]["review"] == 1


def test_the_report_says_whether_there_are_enough_decisions() -> None:
    """The report has the numbers that are missing."""
    few = "\n".join(report(summary([pair(REVIEW, APPROVE, APPROVE), pair(APPROVE, APPROVE)])))
    assert "Not enough yet: it takes about" in few
    assert "29 more verdicts" in few
    many = [pair(REVIEW, APPROVE, APPROVE)] * VERDICTS + [pair(APPROVE, APPROVE)] * 3_000
    assert "That is enough." in "\n".join(report(summary(many)))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Models, and a record in which champion and challenger differ on one comment."""
    for name, value in spam_alone(tmp_path).items():
        monkeypatch.setenv(name, value)
    url = f"sqlite:///{tmp_path}/record.sqlite"
    monkeypatch.setenv("MODERATION_DATABASE", url)
    root = tmp_path / "models"
    started = start_shadow(root, "spam", LOUD, share=1.0, who="asha")
    sides = [
        Moderator.load(tmp_path / "policy.toml", Models.load(root, {"spam": version}))
        for version in (SPAM, LOUD)
    ]
    engine = database.connect(url)
    database.upgrade(engine)
    comment = Comment("I agree, said the xylophonist.", id="c1")
    champion, challenger = (side.moderate(comment) for side in sides)
    values = decisions.fields(
        champion, comment, sides[0].policy, community="", route="v1", store=True, now=NOW
    )
    sessions = sessionmaker(engine)
    decisions.keep(sessions, [values], NOW)
    shadows.keep(sessions, [shadows.row(started, champion, challenger, NOW)])
    with writing(sessions) as session:
        verdicts.give(
            session, champion.id, action=APPROVE, who="b", reason=None, route="v1", now=NOW
        )
    engine.dispose()
    return root


def test_compare_reports_on_the_shadow(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The report needs no labelled comments, quotes no text, and is not in the comparison file."""
    assert run(["models", "compare", f"spam/{LOUD}", "--models", str(root)]) == 0
    output = capsys.readouterr().out
    results = json.loads(output)["shadow"]
    assert results["decisions"] == 1
    assert results["verdicts"] | {"missing": 0} == {
        "given": 1,
        "differ": 1,
        "challenger": 0,
        "champion": 1,
        "p": 1.0,
        "missing": 0,
    }
    (changed,) = results["changed"]
    assert (changed["comment_id"], changed["from"], changed["to"]) == ("c1", "approve", "review")
    assert changed["verdict"] == "approve"
    assert "xylophonist" not in output
    comparison = json.loads((root / "spam" / LOUD / COMPARISON).read_text("utf-8"))
    assert "shadow" not in comparison
    assert comparison["measured"] == len(comparison["sets"]) + len(comparison["slices"])


def test_compare_creates_no_record(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a record, the report has the other measurements."""
    monkeypatch.setenv("MODERATION_DATABASE", f"sqlite:///{tmp_path}/none.sqlite")
    assert run(["models", "compare", f"spam/{LOUD}", "--models", str(root)]) == 0
    assert "shadow" not in json.loads(capsys.readouterr().out)
    assert not (tmp_path / "none.sqlite").exists()


def test_moderators_objection_is_added_to_an_earlier_comparison(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is removed when moderators no longer object."""
    command = ["models", "compare", f"spam/{LOUD}", "--models", str(root)]
    assert run(command) == 0
    path = root / "spam" / LOUD / COMPARISON
    comparison = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**comparison, "measured": 99, "worse": ["a set"]}), "utf-8")
    with monkeypatch.context() as one_verdict:
        one_verdict.setattr(shadow, "VERDICTS", 1)
        one_verdict.setattr(shadow, "ALPHA", 1.1)
        assert run(command) == 0
    comparison = json.loads(path.read_text("utf-8"))
    assert comparison["measured"] == 99
    assert comparison["worse"] == ["a set", "moderators' verdicts, in shadow"]
    assert run(["models", "promote", f"spam/{LOUD}", "--models", str(root)]) == 1
    assert "moderators' verdicts, in shadow" in capsys.readouterr().err
    assert run(command) == 0
    assert json.loads(path.read_text("utf-8"))["worse"] == ["a set"]
