"""promotion: one version of each model is in use, whatever happens, and it is known why."""

import json
import shutil
from pathlib import Path

import pytest

from moderation.cli import run
from moderation.lifecycle.comparison import IN_SHADOW, save, with_shadow
from moderation.lifecycle.promotion import (
    COMPARISON,
    RefusedError,
    history,
    promote,
    rollback,
    shadow,
)
from moderation.lifecycle.shadow import SHADOW, Shadow
from moderation.scoring.store import SHIPPED, ModelError, champions

SPAM = champions(SHIPPED)["spam"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A models' folder with the shipped spam model, and a challenger that is its copy."""
    for version in (SPAM, "challenger"):
        shutil.copytree(SHIPPED / "spam" / SPAM, tmp_path / "spam" / version)
    (tmp_path / "champion.json").write_text(json.dumps({"spam": SPAM}), "utf-8")
    return tmp_path


def compared(root: Path, champion: str = SPAM, worse: tuple[str, ...] = ()) -> None:
    """Leave the comparison that `models compare` would have left."""
    found = {"champion": champion, "measured": 2, "worse": list(worse)}
    (root / "spam" / "challenger" / COMPARISON).write_text(json.dumps(found), "utf-8")


def test_a_compared_challenger_is_promoted_and_rolled_back(root: Path) -> None:
    """Back and forth, and every step is remembered with who took it."""
    compared(root)
    promote(root, "spam", "challenger", who="asha")
    assert champions(root) == {"spam": "challenger"}
    rollback(root, "spam", who="ben")
    assert champions(root) == {"spam": SPAM}
    told = [(it.who, it.before, it.after) for it in history(root)]
    assert told == [("asha", SPAM, "challenger"), ("ben", "challenger", SPAM)]


@pytest.mark.parametrize("how", ["not at all", "with another", "on nothing", "worse"])
def test_what_speaks_against_it_needs_a_reason(root: Path, how: str) -> None:
    """Refused in words, and with a reason promoted; the reason is remembered."""
    if how == "with another":
        compared(root, champion="older")
    if how == "worse":
        compared(root, worse=("messages, spam",))
    if how == "on nothing":
        found = {"champion": SPAM, "measured": 0, "worse": []}
        (root / "spam" / "challenger" / COMPARISON).write_text(json.dumps(found), "utf-8")
    said = {
        "not at all": "was not compared",
        "with another": "another champion",
        "on nothing": "on nothing",
    }
    with pytest.raises(RefusedError, match=said.get(how, "messages, spam")):
        promote(root, "spam", "challenger", who="asha")
    assert champions(root) == {"spam": SPAM}
    promote(root, "spam", "challenger", who="asha", even_if="our own spam matters more")
    assert history(root)[-1].why == "our own spam matters more"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"measured": "many"}', '{"worse": 3}'])
def test_a_damaged_comparison_counts_as_none(root: Path, content: str) -> None:
    """A file that is no comparison speaks for nothing."""
    (root / "spam" / "challenger" / COMPARISON).write_text(content, "utf-8")
    with pytest.raises(RefusedError, match="was not compared"):
        promote(root, "spam", "challenger", who="asha")


def test_a_comparison_of_more_stays(tmp_path: Path) -> None:
    """A later, smaller comparison changes only the moderators' objection, and not the order."""
    path = tmp_path / COMPARISON
    larger = {"model": "spam", "champion": "1", "versions": [{"spam": "1"}], "measured": 9}
    path.write_text(json.dumps({**larger, "sets": {}, "worse": ["a set", IN_SHADOW]}), "utf-8")
    smaller = {**larger, "measured": 2, "sets": {"b": 1}, "worse": ["another set"]}
    save(tmp_path, smaller)
    assert list(json.loads(path.read_text("utf-8")).items()) == [
        *larger.items(),
        ("sets", {}),
        ("worse", ["a set"]),
    ]
    texts = {"record": {"changed": ["a comment"]}}
    save(tmp_path, with_shadow({**smaller, **texts}, {"decisions": 3}, worse=True))
    assert json.loads(path.read_text("utf-8"))["worse"] == ["a set", IN_SHADOW]
    save(tmp_path, {**smaller, **texts, "versions": [{"spam": "2"}]})
    assert json.loads(path.read_text("utf-8")) == {**smaller, "versions": [{"spam": "2"}]}


def test_a_damaged_challenger_is_refused_whatever_the_reason(root: Path) -> None:
    """A hash that does not match the card stops it, and the champion stays."""
    compared(root)
    weights = root / "spam" / "challenger" / "weights.npy"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError):
        promote(root, "spam", "challenger", who="asha", even_if="in a hurry")
    assert champions(root) == {"spam": SPAM}
    assert history(root) == []


def test_readers_that_were_not_measured_together_are_refused(tmp_path: Path) -> None:
    """The careful reader's mixture holds for one version of the fast one."""
    used = champions(SHIPPED)
    for name in ("abuse", "careful"):
        shutil.copytree(SHIPPED / name / used[name], tmp_path / name / used[name])
    shutil.copytree(SHIPPED / "abuse" / used["abuse"], tmp_path / "abuse" / "newer")
    kept = {name: used[name] for name in ("abuse", "careful")}
    (tmp_path / "champion.json").write_text(json.dumps(kept), "utf-8")
    with pytest.raises(RefusedError, match="was measured with"):
        promote(tmp_path, "abuse", "newer", who="asha", even_if="new is better")


def test_nothing_to_roll_back_to(root: Path) -> None:
    """Without a history there is no version before."""
    with pytest.raises(RefusedError, match="nothing is known"):
        rollback(root, "spam", who="ben")


def test_half_a_line_of_history_is_passed_over(root: Path) -> None:
    """A crash while the line was written costs that line only."""
    compared(root)
    promote(root, "spam", "challenger", who="asha")
    with (root / "history.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"at": "2026-')
    assert len(history(root)) == 1
    assert rollback(root, "spam", who="ben").after == SPAM
    assert len(history(root)) == 2


def test_rolling_back_goes_back_step_by_step(root: Path) -> None:
    """From the third version to the second to the first, and no further."""
    shutil.copytree(root / "spam" / SPAM, root / "spam" / "third")
    promote(root, "spam", "challenger", who="asha", even_if="a test")
    promote(root, "spam", "third", who="asha", even_if="a test")
    assert rollback(root, "spam", who="ben").after == "challenger"
    assert rollback(root, "spam", who="ben").after == SPAM
    with pytest.raises(RefusedError, match="nothing is known"):
        rollback(root, "spam", who="ben")


def test_on_the_command_line(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1 and the reason; then 0; the history names both versions."""
    folder = ["--models", str(root)]
    assert run(["models", "promote", "spam/challenger", *folder]) == 1
    assert "was not compared" in capsys.readouterr().err
    assert run(["models", "promote", "spam", *folder]) == 2
    assert run(["models", "promote", "spam/challenger", "--even-if", "a test", *folder]) == 0
    assert run(["models", "rollback", "spam", *folder]) == 0
    capsys.readouterr()
    assert run(["models", "history", *folder]) == 0
    assert f"{SPAM} -> challenger  (a test)" in capsys.readouterr().out


def test_a_version_that_is_not_there_is_named(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By every command that takes one, in the same words."""
    for asked in ("compare", "promote", "shadow"):
        assert run(["models", asked, "spam/nope", "--models", str(root)]) == 1
        assert "there is no spam/nope; see moderation models list" in capsys.readouterr().err
    assert run(["models", "compare", "spam", "--models", str(root)]) == 2
    assert "name a version too, spam/VERSION" in capsys.readouterr().err


def test_a_challenger_in_shadow_is_one_that_could_be_promoted(root: Path) -> None:
    """Not the champion itself, one that is not there, or one that is damaged."""
    for version, said in ((SPAM, "in use already"), ("absent", "there is no")):
        with pytest.raises(RefusedError, match=said):
            shadow(root, "spam", version, share=0.1, who="asha")
    with pytest.raises(RefusedError, match="no abuse is in use"):
        shadow(root, "abuse", "new", share=0.1, who="asha")
    (root / "spam" / "challenger" / "weights.npy").write_bytes(b"half")
    with pytest.raises(ModelError):
        shadow(root, "spam", "challenger", share=0.1, who="asha")
    assert Shadow.read(root) is None


def test_a_shadow_ends_when_its_champion_changes(root: Path) -> None:
    """Promoted or rolled back; another model's change leaves it."""
    (root / "champion.json").write_text(json.dumps({"spam": SPAM, "abuse": "old"}), "utf-8")
    shutil.copytree(root / "spam" / SPAM, root / "spam" / "third")
    for version in ("old", "new"):  # any model will do
        shutil.copytree(root / "spam" / SPAM, root / "abuse" / version)
    shadow(root, "spam", "challenger", share=0.2, who="asha")
    promote(root, "abuse", "new", who="asha", even_if="a test")
    assert Shadow.read(root) is not None
    promote(root, "spam", "third", who="asha", even_if="a test")
    assert Shadow.read(root) is None
    shadow(root, "spam", "challenger", share=0.2, who="asha")
    rollback(root, "spam", who="asha")
    assert Shadow.read(root) is None


def test_the_two_readers_of_abuse_end_each_others_shadow(tmp_path: Path) -> None:
    """They are measured as a pair."""
    used = {name: champions(SHIPPED)[name] for name in ("abuse", "careful")}
    for name, version in used.items():
        shutil.copytree(SHIPPED / name / version, tmp_path / name / version)
    shutil.copytree(tmp_path / "abuse" / used["abuse"], tmp_path / "abuse" / "newer")
    card = tmp_path / "careful" / used["careful"] / "card.json"
    content = json.loads(card.read_text("utf-8"))
    del content["together"]  # so that it stands beside any
    card.write_text(json.dumps(content), "utf-8")
    (tmp_path / "champion.json").write_text(json.dumps(used), "utf-8")
    Shadow("careful", "new", 0.2, "", "asha").write(tmp_path)
    promote(tmp_path, "abuse", "newer", who="asha", even_if="a test")
    assert Shadow.read(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"model": 1}', '{"model": 1, "version": "", "share": 1, "since": "", "who": ""}'],
)
def test_a_damaged_shadow_is_told_and_can_be_ended(
    root: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It stops no promotion either."""
    (root / SHADOW).write_text(content, "utf-8")
    folder = ["--models", str(root)]
    assert run(["models", "shadow", *folder]) == 1
    assert "shadow --off removes it" in capsys.readouterr().err
    promote(root, "spam", "challenger", who="asha", even_if="a test")
    assert run(["models", "shadow", "--off", *folder]) == 0
    assert Shadow.read(root) is None


def test_a_share_is_a_share() -> None:
    """Of many decisions about as many as it says; a larger share holds the smaller."""
    ids = [f"decision {number}" for number in range(4_000)]
    few, more = (
        {id_ for id_ in ids if Shadow("spam", "new", share, "", "").takes(id_)}
        for share in (0.1, 0.3)
    )
    assert few < more
    assert 330 < len(few) < 470
    assert all(Shadow("spam", "new", 1.0, "", "").takes(id_) for id_ in ids)


def test_shadow_on_the_command_line(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is told by itself, in the list and after the history."""
    folder = ["--models", str(root)]
    assert run(["models", "shadow", *folder]) == 0
    assert "No challenger" in capsys.readouterr().out
    assert run(["models", "shadow", "spam/challenger", "--share", "0.25", *folder]) == 0
    assert "spam: challenger in shadow on 0.25 of comments" in capsys.readouterr().out
    assert run(["models", "list", *folder]) == 0
    assert "spam\tchallenger\tshadow" in capsys.readouterr().out
    assert run(["models", "history", *folder]) == 0
    assert "spam: challenger in shadow" in capsys.readouterr().out
    assert run(["models", "shadow", "spam/challenger", "--off", *folder]) == 2
    assert run(["models", "shadow", "spam/challenger", "--share", "0", *folder]) == 2
    assert run(["models", "shadow", "--off", *folder]) == 0
    assert Shadow.read(root) is None
