"""A challenger in shadow decides beside the champion; nobody who asks can tell."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy import select

from api import App, create_app
from api.background import shadow
from api.background.shadow import ShadowRunner
from api.record import erase
from api.record.tables import ShadowRow
from api.services import services_of
from moderation.lifecycle import promotion
from moderation.lifecycle.shadow import Shadow, end
from moderation.scoring.scorer import Probabilities
from moderation.text.reading import Text, Weight
from tests.challengers import LOUD, SPAM, spam_alone

WORD = "xylophonist"


@pytest.fixture
def app(tmp_path: Path) -> App:
    """A service with one model and a challenger of it that finds everything spam."""
    own = spam_alone(tmp_path)
    return create_app(
        {
            "TESTING": True,
            "MODERATION_DATABASE": f"sqlite:///{tmp_path}/record.sqlite",
            "MODERATION_SPOOL": str(tmp_path / "spool"),
            **own,
        }
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Its models."""
    return tmp_path / "models"


def shadowing(app: App) -> ShadowRunner:
    """What decides beside the champion."""
    runner = services_of(app).background.shadow
    assert runner is not None
    return runner


def begin(app: App, root: Path, share: float = 1.0) -> Shadow:
    """The challenger runs, as after the housekeeper's next round."""
    made = promotion.shadow(root, "spam", LOUD, share=share, who="asha")
    services_of(app).background.look()
    return made


def decide(app: App, text: str, **known: Any) -> dict[str, Any]:
    """The answer about a comment, which must come."""
    answer = app.test_client().post("/v1/moderate", json={"text": text, **known})
    assert answer.status_code == 200
    return dict(answer.get_json())


def rows(app: App) -> list[ShadowRow]:
    """What is kept of the challenger, after the housekeeper's rounds."""
    services_of(app).background.look()
    shadowing(app).round()
    with services_of(app).decider.sessions() as session:
        return list(session.scalars(select(ShadowRow)))


def counted(app: App) -> str:
    """The metrics."""
    return app.test_client().get("/metrics").text


def test_it_decides_too_and_changes_nothing(app: App, root: Path) -> None:
    """The answer and the record are the champion's; the challenger's stands beside them."""
    before = decide(app, "I agree with the mayor.")
    begin(app, root)
    after = decide(app, "I agree with the mayor.")
    (row,) = rows(app)
    assert (before["action"], after["action"], row.action) == ("approve", "approve", "review")
    assert before["scores"] == after["scores"] != row.scores
    assert (after["models"], row.models) == ({"spam": SPAM}, {"spam": LOUD})
    assert (row.decision_id, row.rules) == (after["id"], " spam ")
    kept = app.test_client().get(f"/v1/decisions/{after['id']}").get_json()
    assert kept["action"] == "approve"
    pair = 'moderation_shadow_decisions_total{challenger="review",champion="approve"} 1.0'
    assert pair in counted(app)


def test_what_leaves_no_trace_leaves_none_here(app: App, root: Path) -> None:
    """A dry run, and a comment that has its decision already."""
    begin(app, root)
    decide(app, "I agree.", dry_run=True)
    for _ in range(2):
        decide(app, "I agree with you.", id="c1")
    assert len(rows(app)) == 1


def test_the_share_is_chosen_by_the_decision(app: App, root: Path) -> None:
    """So that every worker and every run would choose the same."""
    shadow = begin(app, root, share=0.5)
    made = app.test_client().post(
        "/v1/moderate/batch", json={"comments": [{"text": f"I agree {n}."} for n in range(60)]}
    )
    ids = {decision["id"] for decision in made.get_json()["decisions"]}
    assert {row.decision_id for row in rows(app)} == {id_ for id_ in ids if shadow.takes(id_)}


def test_it_ends(app: App, root: Path) -> None:
    """What waits then is not decided any more."""
    begin(app, root)
    decide(app, "I agree.")
    end(root)
    assert rows(app) == []
    decide(app, "I agree.")
    assert rows(app) == []


def test_what_does_not_fit_is_dropped_and_counted(app: App, root: Path) -> None:
    """By what the texts are long."""
    services = services_of(app)
    decider = services.decider
    small = ShadowRunner(
        root,
        decider.sessions,
        decider.circuit,
        decider.busy,
        decider.clock,
        most_waiting=60,
        on_dropped=services.metrics.shadow_dropped.inc,
    )
    decider.on_recorded, services.background.shadow = small.offer, small
    begin(app, root)
    for _ in range(4):
        decide(app, "A comment of some forty characters in all")
    assert len(rows(app)) == 2
    assert "moderation_shadow_dropped_total 2.0" in counted(app)


def test_requests_go_first(app: App, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is decided, the challenger waits; where there is always one, not forever."""
    begin(app, root)
    decide(app, "I agree.")
    monkeypatch.setattr(shadow, "PATIENCE_S", 60.0)
    round_ = threading.Thread(target=shadowing(app).round)
    with services_of(app).decider.busy:
        round_.start()
        round_.join(0.3)
        assert round_.is_alive()
    round_.join()
    monkeypatch.setattr(shadow, "PATIENCE_S", 0.01)
    decide(app, "I agree again.")
    with services_of(app).decider.busy:
        assert len(rows(app)) == 2


class Broken:
    """A challenger that breaks on a text, and quotes it."""

    heads = ("spam",)

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Where the word is not in it."""
        if WORD in texts[0].clean:
            raise ValueError(texts[0].clean)
        return {"spam": np.zeros(len(texts))}

    def explain(self, *_: object) -> list[Weight]:
        """Nothing."""
        return []


def test_a_challenger_that_breaks_is_counted(
    app: App, root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It breaks no answer, gives no row, and nothing of the comment is logged."""
    monkeypatch.setattr(shadow, "load", lambda _: Broken())
    begin(app, root)
    with caplog.at_level(logging.DEBUG):
        assert decide(app, f"I am a {WORD}.")["action"] == "approve"
        assert rows(app) == []
    assert "moderation_shadow_failed_total 1.0" in counted(app)
    assert "challenger in shadow" in caplog.text
    assert WORD not in caplog.text


def test_a_record_that_fails_is_counted(app: App, root: Path) -> None:
    """The answer came before."""
    begin(app, root)
    decide(app, "I agree.")
    with services_of(app).engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE shadow_decisions"))
    shadowing(app).round()
    assert "moderation_shadow_failed_total 1.0" in counted(app)


def test_it_rests_while_the_record_is_away(app: App, root: Path) -> None:
    """What waits is decided when it is back."""
    begin(app, root)
    decide(app, "I agree.")
    circuit = services_of(app).decider.circuit
    circuit.failed(sa.exc.OperationalError("", {}, Exception()))
    assert rows(app) == []
    circuit.answered()
    assert len(rows(app)) == 1


def test_a_comment_erased_meanwhile_leaves_nothing(app: App, root: Path) -> None:
    """Between answer and shadow."""
    begin(app, root)
    decide(app, "I agree.", id="c1")
    keeper = services_of(app).decider
    erase.by_comment(keeper.sessions, keeper.spool, None, "c1", keeper.clock())
    assert rows(app) == []


def test_a_promoted_challenger_is_no_challenger(app: App, root: Path) -> None:
    """Nor is a model that the champion does not ask."""
    begin(app, root)
    decide(app, "I agree.")
    Shadow("spam", SPAM, 1.0, "", "asha").write(root)
    assert rows(app) == []


def test_a_damaged_challenger_does_not_run(
    app: App, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The service says so and goes on."""
    promotion.shadow(root, "spam", LOUD, share=1.0, who="asha")
    (root / "spam" / LOUD / "weights.npy").write_bytes(b"half")
    services_of(app).background.look()
    decide(app, "I agree.")
    assert rows(app) == []
    assert "weights.npy is not the file its card describes" in caplog.text
