"""A newsroom's own models lie over the shipped ones, and survive upgrades of the package."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from moderation.lifecycle.promotion import RefusedError, history, promote, rollback, shadow
from moderation.lifecycle.together import newer_shipped, upgrade_notices
from moderation.scoring.models import Models
from moderation.scoring.store import SHIPPED, ModelError, ModelStore, champions

USED = champions(SHIPPED)
SPAM, ABUSE, CAREFUL = USED["spam"], USED["abuse"], USED["careful"]
ANYWAY = "rehearsal"


def release(folder: Path, **versions: str) -> Path:
    """Write a folder of shipped models: copies of today's under other versions."""
    for model, version in versions.items():
        shutil.copytree(SHIPPED / model / USED[model], folder / model / version)
    (folder / "champion.json").write_text(json.dumps(versions), "utf-8")
    return folder


def edit_card(folder: Path, **changes: Any) -> None:
    """Change keys of a model's card."""
    path = folder / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), "utf-8")


def with_partner(shipped: Path, careful: str, abuse: str) -> None:
    """Let a careful model's card say that it was measured with this version of `abuse`."""
    folder = shipped / "careful" / careful
    together = json.loads((folder / "card.json").read_text("utf-8"))["together"]
    edit_card(folder, together={**together, "version": abuse})


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """Return an empty folder of own models over a release with the model of spam."""
    return ModelStore(tmp_path / "own", release(tmp_path / "shipped", spam=SPAM))


def challenger(store: ModelStore, model: str = "spam", name: str = "mine") -> str:
    """Put a copy of the shipped model among the newsroom's own, as training would."""
    shutil.copytree(store.find(model, store.defaults()[model]), store.own / model / name)
    return name


def upgrade(store: ModelStore, **versions: str) -> ModelStore:
    """Replace the shipped models by those of another release."""
    assert store.shipped
    shutil.rmtree(store.shipped)
    release(store.shipped, **versions)
    return store


def test_without_own_models_the_shipped_ones_are_in_use(store: ModelStore) -> None:
    """Nothing is created for that."""
    assert store.champions() == {"spam": SPAM}
    assert Models.load(store).versions == {"spam": SPAM}
    assert [(model.version, model.in_use) for model in store.stored()] == [(SPAM, True)]
    assert not store.own.exists()


def test_a_promotion_writes_nothing_into_the_shipped_folder(store: ModelStore) -> None:
    """So it works where the package is read-only, and `git pull` finds no changed file."""
    assert store.shipped
    before = {path: path.read_bytes() for path in store.shipped.rglob("*") if path.is_file()}
    promote(store, "spam", challenger(store), who="asha", even_if=ANYWAY)
    assert store.champions() == {"spam": "mine"}
    assert {
        path: path.read_bytes() for path in store.shipped.rglob("*") if path.is_file()
    } == before
    assert {(model.version, model.in_use) for model in store.stored()} == {
        ("mine", True),
        (SPAM, False),
    }


def test_an_upgrade_does_not_replace_a_champion(store: ModelStore) -> None:
    """The newsroom is told that a newer version is shipped."""
    promote(store, "spam", challenger(store), who="asha", even_if=ANYWAY)
    assert upgrade_notices(store) == []
    upgrade(store, spam="newer")
    assert Models.load(store).versions == {"spam": "mine"}
    (notice,) = upgrade_notices(store)
    assert "spam: mine stays in use, and this release ships newer" in notice


def test_a_model_that_was_not_promoted_follows_the_upgrade(store: ModelStore) -> None:
    """Also after a rollback to the shipped version."""
    upgrade(store, spam="newer")
    assert store.champions() == {"spam": "newer"}
    promote(store, "spam", challenger(store), who="asha", even_if=ANYWAY)
    rollback(store, "spam", who="asha")
    assert store.champions() == {"spam": "newer"}
    upgrade(store, spam="newest")
    assert store.champions() == {"spam": "newest"}
    assert upgrade_notices(store) == []


def test_rollback_after_an_upgrade_finds_the_version_of_then(store: ModelStore) -> None:
    """It is not shipped any more, but promotion has kept a copy."""
    promote(store, "spam", challenger(store), who="asha", even_if=ANYWAY)
    upgrade(store, spam="newer")
    rollback(store, "spam", who="ben")
    assert Models.load(store).versions == {"spam": SPAM}
    assert [change.after for change in history(store)] == ["mine", SPAM]


def test_the_shipped_version_can_be_taken_again(store: ModelStore) -> None:
    """From then on, the model follows upgrades again."""
    promote(store, "spam", challenger(store), who="asha", even_if=ANYWAY)
    upgrade(store, spam="newer")
    promote(store, "spam", "newer", who="asha", even_if=ANYWAY)
    assert (store.champions(), store.chosen()) == ({"spam": "newer"}, {})


def test_a_lost_champion_is_an_error_and_not_the_shipped_model(store: ModelStore) -> None:
    """The service does not silently decide by another model."""
    promote(store, "spam", challenger(store), who="asha", even_if=ANYWAY)
    shutil.rmtree(store.own / "spam" / "mine")
    with pytest.raises(ModelError, match="mine"):
        Models.load(store)


def test_a_folder_that_cannot_be_written_is_named(store: ModelStore) -> None:
    """Nothing is promoted."""
    challenger(store)
    (store.own / "spam" / SPAM).write_text("in the way", "utf-8")
    with pytest.raises(ModelError, match="cannot be written"):
        promote(store, "spam", "mine", who="asha", even_if=ANYWAY)
    assert store.champions() == {"spam": SPAM}


@pytest.fixture
def pair(tmp_path: Path) -> ModelStore:
    """Return a store over a release with both models of abuse."""
    return ModelStore(tmp_path / "own", release(tmp_path / "shipped", abuse=ABUSE, careful=CAREFUL))


def adapted(store: ModelStore, base: str, name: str) -> str:
    """Write a model that says that it adapts the version `base`."""
    folder = store.own / "abuse" / challenger(store, "abuse", name)
    layer = {"heads": ["toxicity"], "beside": base}
    recipe = json.loads((folder / "card.json").read_text("utf-8"))["recipe"]
    edit_card(folder, kind="adapted", own={**layer, "recipe": recipe})
    return name


def next_release(store: ModelStore) -> ModelStore:
    """Ship newer models of abuse, which were measured together."""
    upgrade(store, abuse="abuse-2", careful="careful-2")
    assert store.shipped
    with_partner(store.shipped, "careful-2", "abuse-2")
    return store


@pytest.fixture
def _no_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let promotions check no weights: these tests are about cards."""
    monkeypatch.setattr(Models, "load", lambda *_: None)


@pytest.mark.usefixtures("_no_loading")
def test_the_careful_model_stays_with_the_fast_one(pair: ModelStore) -> None:
    """Both score abuse, and their mixture was measured: an upgrade replaces neither."""
    promote(pair, "abuse", adapted(pair, ABUSE, "mine"), who="asha", even_if=ANYWAY)
    next_release(pair)
    assert pair.champions() == {"abuse": "mine", "careful": CAREFUL}
    assert pair.find("careful", CAREFUL).is_relative_to(pair.own)
    assert newer_shipped(pair, "abuse") == "abuse-2"
    assert len(upgrade_notices(pair)) == 1
    rollback(pair, "abuse", who="asha")
    assert pair.champions() == {"abuse": ABUSE, "careful": CAREFUL}


@pytest.mark.usefixtures("_no_loading")
def test_a_model_on_the_new_base_takes_the_new_careful_model(pair: ModelStore) -> None:
    """And rollback returns to the old pair."""
    promote(pair, "abuse", adapted(pair, ABUSE, "mine"), who="asha", even_if=ANYWAY)
    next_release(pair)
    retrained = adapted(pair, "abuse-2", "mine-2")
    with pytest.raises(RefusedError, match="another careful model"):
        shadow(pair, "abuse", retrained, share=1, who="asha")
    promote(pair, "abuse", retrained, who="asha", even_if=ANYWAY)
    assert pair.champions() == {"abuse": "mine-2", "careful": "careful-2"}
    assert upgrade_notices(pair) == []
    rollback(pair, "abuse", who="asha")
    assert pair.champions() == {"abuse": "mine", "careful": CAREFUL}
