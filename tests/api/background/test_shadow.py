"""A challenger in shadow decides after the champion. Answers stay the same."""

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
from moderation.lifecycle.shadow import Shadow, end_shadow
from moderation.scoring.scorer import Probabilities
from moderation.text.reading import Text, Weight
from tests.challengers import LOUD, SPAM, spam_alone

WORD = "xylophonist"


@pytest.fixture
def app(tmp_path: Path) -> App:
    """Return an app with one model, and a challenger that finds everything spam."""
    paths = spam_alone(tmp_path)
    return create_app(
        {
            "TESTING": True,
            "MODERATION_DATABASE": f"sqlite:///{tmp_path}/record.sqlite",
            "MODERATION_SPOOL": str(tmp_path / "spool"),
            **paths,
        }
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the folder of its models."""
    return tmp_path / "models"


def shadow_runner(app: App) -> ShadowRunner:
    """Return the runner of the challenger."""
    runner = services_of(app).background.shadow
    assert runner is not None
    return runner


def start(app: App, root: Path, share: float = 1.0) -> Shadow:
    """Start the challenger, as in the next round of the background loop."""
    shadow = promotion.shadow(root, "spam", LOUD, share=share, who="asha")
    services_of(app).background.look()
    return shadow


def decide(app: App, text: str, **fields: Any) -> dict[str, Any]:
    """Return the decision about a comment."""
    answer = app.test_client().post("/v1/moderate", json={"text": text, **fields})
    assert answer.status_code == 200
    return dict(answer.get_json())


def rows(app: App) -> list[ShadowRow]:
    """Return the challenger's decisions, after a round of the background loop."""
    services_of(app).background.look()
    shadow_runner(app).round()
    with services_of(app).decider.sessions() as session:
        return list(session.scalars(select(ShadowRow)))


def metrics(app: App) -> str:
    """Return the metrics."""
    return app.test_client().get("/metrics").text


def test_it_decides_too_and_changes_nothing(app: App, root: Path) -> None:
    """The answer and the recorded decision are the champion's. The challenger's is a row apart."""
    before = decide(app, "I agree with the mayor.")
    start(app, root)
    after = decide(app, "I agree with the mayor.")
    (row,) = rows(app)
    assert (before["action"], after["action"], row.action) == ("approve", "approve", "review")
    assert before["scores"] == after["scores"] != row.scores
    assert (after["models"], row.models) == ({"spam": SPAM}, {"spam": LOUD})
    assert (row.decision_id, row.rules) == (after["id"], " spam ")
    recorded = app.test_client().get(f"/v1/decisions/{after['id']}").get_json()
    assert recorded["action"] == "approve"
    line = 'moderation_shadow_decisions_total{challenger="review",champion="approve"} 1.0'
    assert line in metrics(app)


def test_only_new_recorded_decisions_count(app: App, root: Path) -> None:
    """A dry run is left out, and so is a comment that already has a decision."""
    start(app, root)
    decide(app, "I agree.", dry_run=True)
    for _ in range(2):
        decide(app, "I agree with you.", id="c1")
    assert len(rows(app)) == 1


def test_the_id_of_the_decision_selects_the_share(app: App, root: Path) -> None:
    """Every worker and every run selects the same decisions."""
    shadow = start(app, root, share=0.5)
    comments = [{"text": f"I agree {number}."} for number in range(60)]
    answer = app.test_client().post("/v1/moderate/batch", json={"comments": comments})
    ids = {decision["id"] for decision in answer.get_json()["decisions"]}
    assert {row.decision_id for row in rows(app)} == {id_ for id_ in ids if shadow.takes(id_)}


def test_it_ends(app: App, root: Path) -> None:
    """What is still queued is not decided."""
    start(app, root)
    decide(app, "I agree.")
    end_shadow(root)
    assert rows(app) == []
    decide(app, "I agree.")
    assert rows(app) == []


def test_what_does_not_fit_is_dropped_and_counted(app: App, root: Path) -> None:
    """The queue is limited by the length of the texts."""
    services = services_of(app)
    decider = services.decider
    runner = ShadowRunner(
        root,
        decider.sessions,
        decider.circuit,
        decider.busy,
        decider.clock,
        most_waiting=60,
        on_dropped=services.metrics.shadow_dropped.inc,
    )
    decider.on_recorded, services.background.shadow = runner.offer, runner
    start(app, root)
    for _ in range(4):
        decide(app, "A comment of some forty characters in all")
    assert len(rows(app)) == 2
    assert "moderation_shadow_dropped_total 2.0" in metrics(app)


def test_requests_go_first(app: App, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The challenger waits while a request is decided, but not forever."""
    start(app, root)
    decide(app, "I agree.")
    monkeypatch.setattr(shadow, "PATIENCE_S", 60.0)
    round_ = threading.Thread(target=shadow_runner(app).round)
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
    """A challenger that fails on a text, and quotes it."""

    heads = ("spam",)

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Raise an error if the first text has the word."""
        if WORD in texts[0].clean:
            raise ValueError(texts[0].clean)
        return {"spam": np.zeros(len(texts))}

    def explain(self, *_: object) -> list[Weight]:
        """Return no weights."""
        return []


def test_a_challenger_that_fails_is_counted(
    app: App, root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer is unaffected, there is no row, and the log does not quote the comment."""
    monkeypatch.setattr(shadow, "load", lambda _: Broken())
    start(app, root)
    with caplog.at_level(logging.DEBUG):
        assert decide(app, f"I am a {WORD}.")["action"] == "approve"
        assert rows(app) == []
    assert "moderation_shadow_failed_total 1.0" in metrics(app)
    assert "challenger in shadow" in caplog.text
    assert WORD not in caplog.text


def test_a_database_that_fails_is_counted(app: App, root: Path) -> None:
    """The request has been answered before."""
    start(app, root)
    decide(app, "I agree.")
    with services_of(app).engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE shadow_decisions"))
    shadow_runner(app).round()
    assert "moderation_shadow_failed_total 1.0" in metrics(app)


def test_it_pauses_while_the_database_is_down(app: App, root: Path) -> None:
    """It decides about what is queued when the database is back."""
    start(app, root)
    decide(app, "I agree.")
    circuit = services_of(app).decider.circuit
    circuit.failed(sa.exc.OperationalError("", {}, Exception()))
    assert rows(app) == []
    circuit.answered()
    assert len(rows(app)) == 1


def test_an_erased_comment_gets_no_row(app: App, root: Path) -> None:
    """It may be erased while it is queued."""
    start(app, root)
    decide(app, "I agree.", id="c1")
    decider = services_of(app).decider
    erase.by_comment(decider.sessions, decider.spool, None, "c1", decider.clock())
    assert rows(app) == []


def test_a_promoted_challenger_does_not_run(app: App, root: Path) -> None:
    """It is the champion now."""
    start(app, root)
    decide(app, "I agree.")
    Shadow("spam", SPAM, 1.0, "", "asha").write(root)
    assert rows(app) == []


def test_a_damaged_challenger_does_not_run(
    app: App, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The service logs it and continues."""
    promotion.shadow(root, "spam", LOUD, share=1.0, who="asha")
    (root / "spam" / LOUD / "weights.npy").write_bytes(b"half")
    services_of(app).background.look()
    decide(app, "I agree.")
    assert rows(app) == []
    assert "weights.npy is not the file its card describes" in caplog.text
