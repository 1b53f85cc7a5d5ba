"""What a challenger in shadow showed, and whether that is enough to say so."""

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
from moderation.lifecycle.promotion import COMPARISON
from moderation.lifecycle.promotion import shadow as begin
from moderation.lifecycle.shadow import Pair
from moderation.scoring.models import Models
from moderation.training.evaluation import shadow
from moderation.training.evaluation.shadow import VERDICTS, report, share, summary, worse
from tests.challengers import LOUD, SPAM, spam_alone

APPROVE, REVIEW, REJECT = Action
NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)


def pair(
    champion: Action, challenger: Action, verdict: Action | None = None, moved: float = 0.0
) -> Pair:
    """One comment."""
    return Pair("d", "c", champion, challenger, moved, verdict, "sha256:0", NOW)


def test_where_nothing_changes_there_is_little_to_say() -> None:
    """None of a few does not mean none of many."""
    found = summary([pair(APPROVE, APPROVE)] * 20)
    assert (found["share"], found["changed"]) == (0.0, [])
    assert found["missing"] > 100
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
    """A person asked in vain is better than an author refused wrongly."""
    said = summary([pair(champion, challenger, verdict)])["verdicts"]
    assert said[nearer] == said["differ"] == said["given"] == 1


def test_a_verdict_of_review_or_where_both_agree_decides_nothing() -> None:
    """It is counted as given."""
    said = summary([pair(REVIEW, APPROVE, REVIEW), pair(REVIEW, REVIEW, APPROVE)])["verdicts"]
    assert (said["given"], said["differ"], said["p"]) == (2, 0, 1.0)


def test_moderators_who_agree_with_the_champion_speak_against_it() -> None:
    """Beyond chance, and not before there are enough verdicts."""
    right, wrong = pair(REVIEW, APPROVE, REJECT), pair(REVIEW, APPROVE, APPROVE)
    assert worse(summary([right] * VERDICTS))
    assert not worse(summary([right] * (VERDICTS - 1)))
    assert not worse(summary([wrong] * VERDICTS))
    assert not worse(summary([right, wrong] * VERDICTS))


def test_what_changes_most_comes_first() -> None:
    """By how far the action moves, then the score; the table counts all."""
    found = summary(
        [
            pair(APPROVE, REVIEW, moved=0.2),
            pair(APPROVE, REVIEW, moved=0.4),
            pair(REVIEW, REVIEW, moved=0.9),
            pair(APPROVE, REJECT, moved=0.1),
        ]
    )
    assert [it["moved"] for it in found["changed"]] == [0.1, 0.4, 0.2]
    assert found["actions"]["approve"] == {"approve": 0, "review": 2, "reject": 1}
    assert found["actions"]["review"]["review"] == 1


def test_the_report_says_whether_that_is_enough() -> None:
    """In numbers of what is missing."""
    few = "\n".join(report(summary([pair(REVIEW, APPROVE, APPROVE), pair(APPROVE, APPROVE)])))
    assert "Not enough yet: it takes about" in few
    assert "29 more verdicts" in few
    many = [pair(REVIEW, APPROVE, APPROVE)] * VERDICTS + [pair(APPROVE, APPROVE)] * 3_000
    assert "That is enough." in "\n".join(report(summary(many)))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The models of a record in which a challenger decided as its champion, but for one comment."""
    for name, value in spam_alone(tmp_path).items():
        monkeypatch.setenv(name, value)
    url = f"sqlite:///{tmp_path}/record.sqlite"
    monkeypatch.setenv("MODERATION_DATABASE", url)
    root = tmp_path / "models"
    begun = begin(root, "spam", LOUD, share=1.0, who="asha")
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
    shadows.keep(sessions, [shadows.row(begun, champion, challenger, NOW)])
    with writing(sessions) as session:
        verdicts.give(
            session, champion.id, action=APPROVE, who="b", reason=None, route="v1", now=NOW
        )
    engine.dispose()
    return root


def test_compare_tells_it_without_labelled_comments(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the record; nothing of that is left beside the challenger, and no text is told."""
    asked = ["models", "compare", f"spam/{LOUD}", "--models", str(root)]
    assert run(asked) == 0
    told = capsys.readouterr().out
    found = json.loads(told)["shadow"]
    assert found["decisions"] == 1
    assert found["verdicts"] | {"missing": 0} == {
        "given": 1,
        "differ": 1,
        "challenger": 0,
        "champion": 1,
        "p": 1.0,
        "missing": 0,
    }
    (changed,) = found["changed"]
    assert (changed["comment_id"], changed["from"], changed["to"]) == ("c1", "approve", "review")
    assert changed["verdict"] == "approve"
    assert "xylophonist" not in told
    left = json.loads((root / "spam" / LOUD / COMPARISON).read_text("utf-8"))
    assert "shadow" not in left
    assert left["measured"] == len(left["sets"]) + len(left["slices"])


def test_compare_makes_no_record_where_there_is_none(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was measured is told all the same."""
    monkeypatch.setenv("MODERATION_DATABASE", f"sqlite:///{tmp_path}/none.sqlite")
    assert run(["models", "compare", f"spam/{LOUD}", "--models", str(root)]) == 0
    assert "shadow" not in json.loads(capsys.readouterr().out)
    assert not (tmp_path / "none.sqlite").exists()


def test_moderators_objection_joins_what_was_measured_before(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On more sets; and goes again when they no longer object."""
    asked = ["models", "compare", f"spam/{LOUD}", "--models", str(root)]
    assert run(asked) == 0
    path = root / "spam" / LOUD / COMPARISON
    left = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**left, "measured": 99, "worse": ["a set"]}), "utf-8")
    with monkeypatch.context() as one_verdict:
        one_verdict.setattr(shadow, "VERDICTS", 1)
        one_verdict.setattr(shadow, "DOUBT", 1.1)
        assert run(asked) == 0
    left = json.loads(path.read_text("utf-8"))
    assert (left["measured"], left["worse"]) == (99, ["a set", "moderators' verdicts, in shadow"])
    assert run(["models", "promote", f"spam/{LOUD}", "--models", str(root)]) == 1
    assert "moderators' verdicts, in shadow" in capsys.readouterr().err
    assert run(asked) == 0
    assert json.loads(path.read_text("utf-8"))["worse"] == ["a set"]
