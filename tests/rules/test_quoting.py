"""What an author only quotes goes to a person at most, with either scorer of abuse."""

from collections.abc import Mapping
from typing import Any

import pytest

from moderation import Action, Comment, Moderator, Policy
from moderation.scoring.models import Models

INSULT = "You are a fucking idiot, go and die"
TONE = {"abuse", "incendiary", "personal_attack"}


@pytest.fixture(params=["careful", "fast"])
def moderator(request: pytest.FixtureRequest, models: Mapping[str, Models]) -> Moderator:
    """Return a moderator with the shipped policy."""
    return Moderator(Policy.load(), models[request.param])


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param(INSULT, id="no quotation"),
        pytest.param(f'"{INSULT}"', id="nothing but a quotation"),
        pytest.param(f'I say it: "{INSULT}"', id="hardly more than a quotation"),
        pytest.param(
            f'You said "good morning to us all". {INSULT}.', id="something else is quoted"
        ),
        pytest.param(f'He called me "{INSULT}", the stupid fucking moron.', id="an insult back"),
    ],
)
def test_own_insults_are_rejected(moderator: Moderator, comment: str) -> None:
    """Marks around an insult, or around something else, do not help."""
    assert moderator.moderate(comment).action == Action.REJECT


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param(f'"{INSULT}" is what he wrote to my mother. It is not right.', id="marks"),
        pytest.param(f"A minister told a voter: “{INSULT}”. He must apologise.", id="curly marks"),
        pytest.param(f"> {INSULT}\nPlease do not speak to other readers so.", id="a quoted line"),
        pytest.param(f"My teacher wrote '{INSULT}' on the board, and nobody acted.", id="single"),
    ],
)
@pytest.mark.parametrize("explains", [True, False])
def test_quoted_insults_go_to_a_person(moderator: Moderator, comment: str, explains: bool) -> None:
    """They are not rejected, and not approved. The score is below the threshold."""
    moderator.explains = explains
    decision = moderator.moderate(comment)
    assert decision.action == Action.REVIEW
    judged = [reason for reason in decision.reasons if reason.rule in TONE]
    assert judged
    for reason in judged:
        threshold = moderator.policy.rules[reason.rule].thresholds.reject
        assert isinstance(threshold, float)
        assert reason.finding.score < threshold
        assert bool(reason.finding.spans) == explains


def test_quotations_in_html(moderator: Moderator) -> None:
    """A blockquote is a quotation."""
    html = f"<blockquote>{INSULT}</blockquote><p>Please do not speak to other readers so.</p>"
    assert moderator.moderate(Comment(html, format="html")).action == Action.REVIEW


def test_a_failing_model_leaves_the_rejection(
    moderator: Moderator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the author's own words cannot be scored, the comment is not approved."""
    score = Models.score

    def fail_on_remainders(self: Models, texts: list, *_: Any) -> None:  # type: ignore[type-arg]
        score(self, texts)
        for text in texts:
            if "…" in text.raw:
                text.scores = {}

    monkeypatch.setattr(Models, "score", fail_on_remainders)
    decision = moderator.moderate(f'"{INSULT}" is what he wrote to my mother. It is not right.')
    assert decision.action == Action.REJECT
