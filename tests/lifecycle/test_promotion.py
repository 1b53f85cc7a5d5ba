"""Promotion: at any time one version of each model is in use, and the history says why."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from moderation.cli import run
from moderation.lifecycle.comparison import COMPARISON, IN_SHADOW, save, with_shadow
from moderation.lifecycle.promotion import (
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
    """Return a folder of models with the shipped spam model and a challenger, its copy."""
    for version in (SPAM, "challenger"):
        shutil.copytree(SHIPPED / "spam" / SPAM, tmp_path / "spam" / version)
    (tmp_path / "champion.json").write_text(json.dumps({"spam": SPAM}), "utf-8")
    return tmp_path


def write_comparison(
    root: Path, champion: str = SPAM, measured: int = 2, worse: tuple[str, ...] = ()
) -> None:
    """Write the comparison that `models compare` would write."""
    content = {"champion": champion, "measured": measured, "worse": list(worse)}
    (root / "spam" / "challenger" / COMPARISON).write_text(json.dumps(content), "utf-8")


def test_a_compared_challenger_is_promoted_and_rolled_back(root: Path) -> None:
    """The history has each step, and who took it."""
    write_comparison(root)
    promote(root, "spam", "challenger", who="asha")
    assert champions(root) == {"spam": "challenger"}
    rollback(root, "spam", who="ben")
    assert champions(root) == {"spam": SPAM}
    steps = [(change.who, change.before, change.after) for change in history(root)]
    assert steps == [("asha", SPAM, "challenger"), ("ben", "challenger", SPAM)]


@pytest.mark.parametrize(
    ("comparison", "objection"),
    [
        pytest.param(None, "was not compared", id="not compared"),
        pytest.param({"champion": "older"}, "another champion", id="with another champion"),
        pytest.param({"measured": 0}, "on nothing", id="on nothing"),
        pytest.param({"worse": ("messages, spam",)}, "messages, spam", id="worse"),
    ],
)
def test_an_objection_needs_a_reason(
    root: Path, comparison: dict[str, Any] | None, objection: str
) -> None:
    """The challenger is refused, or promoted with a reason. The history has the reason."""
    if comparison is not None:
        write_comparison(root, **comparison)
    with pytest.raises(RefusedError, match=objection):
        promote(root, "spam", "challenger", who="asha")
    assert champions(root) == {"spam": SPAM}
    promote(root, "spam", "challenger", who="asha", even_if="our own spam matters more")
    assert history(root)[-1].why == "our own spam matters more"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"measured": "many"}', '{"worse": 3}'])
def test_a_damaged_comparison_counts_as_none(root: Path, content: str) -> None:
    """A file that is not a comparison counts as none."""
    (root / "spam" / "challenger" / COMPARISON).write_text(content, "utf-8")
    with pytest.raises(RefusedError, match="was not compared"):
        promote(root, "spam", "challenger", who="asha")


def test_a_larger_comparison_stays(tmp_path: Path) -> None:
    """A later, smaller comparison changes only the moderators' objection, not the keys' order."""
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
    """A file's hash must match the card. Otherwise the champion stays."""
    write_comparison(root)
    weights = root / "spam" / "challenger" / "weights.npy"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError):
        promote(root, "spam", "challenger", who="asha", even_if="in a hurry")
    assert champions(root) == {"spam": SPAM}
    assert history(root) == []


def test_models_that_were_not_measured_together_are_refused(tmp_path: Path) -> None:
    """The transformer's mixture was measured with one version of the linear model."""
    used = champions(SHIPPED)
    for name in ("abuse", "careful"):
        shutil.copytree(SHIPPED / name / used[name], tmp_path / name / used[name])
    shutil.copytree(SHIPPED / "abuse" / used["abuse"], tmp_path / "abuse" / "newer")
    pair = {name: used[name] for name in ("abuse", "careful")}
    (tmp_path / "champion.json").write_text(json.dumps(pair), "utf-8")
    with pytest.raises(RefusedError, match="was measured with"):
        promote(tmp_path, "abuse", "newer", who="asha", even_if="new is better")


def test_nothing_to_roll_back_to(root: Path) -> None:
    """Without a history there is no previous version."""
    with pytest.raises(RefusedError, match="the history has no spam before"):
        rollback(root, "spam", who="ben")


def test_half_a_line_of_history_is_skipped(root: Path) -> None:
    """A crash while a line is written loses only that line."""
    write_comparison(root)
    promote(root, "spam", "challenger", who="asha")
    with (root / "history.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"at": "2026-')
    assert len(history(root)) == 1
    assert rollback(root, "spam", who="ben").after == SPAM
    assert len(history(root)) == 2


def test_rolling_back_goes_back_step_by_step(root: Path) -> None:
    """It goes from the third version to the second, to the first, and no further."""
    shutil.copytree(root / "spam" / SPAM, root / "spam" / "third")
    promote(root, "spam", "challenger", who="asha", even_if="a test")
    promote(root, "spam", "third", who="asha", even_if="a test")
    assert rollback(root, "spam", who="ben").after == "challenger"
    assert rollback(root, "spam", who="ben").after == SPAM
    with pytest.raises(RefusedError, match="the history has no spam before"):
        rollback(root, "spam", who="ben")


def test_on_the_command_line(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is 1 with the objection, then 0. The history names both versions."""
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
    """Every command that takes a version names it in the same words."""
    for command in ("compare", "promote", "shadow"):
        assert run(["models", command, "spam/nope", "--models", str(root)]) == 1
        assert "there is no spam/nope; see moderation models list" in capsys.readouterr().err
    assert run(["models", "compare", "spam", "--models", str(root)]) == 2
    assert "name a version too, spam/VERSION" in capsys.readouterr().err


def test_only_a_usable_challenger_runs_in_shadow(root: Path) -> None:
    """The champion, a missing version and a damaged one are refused."""
    for version, message in ((SPAM, "in use already"), ("absent", "there is no")):
        with pytest.raises(RefusedError, match=message):
            shadow(root, "spam", version, share=0.1, who="asha")
    with pytest.raises(RefusedError, match="no abuse is in use"):
        shadow(root, "abuse", "new", share=0.1, who="asha")
    (root / "spam" / "challenger" / "weights.npy").write_bytes(b"half")
    with pytest.raises(ModelError):
        shadow(root, "spam", "challenger", share=0.1, who="asha")
    assert Shadow.read(root) is None


def test_a_shadow_ends_when_its_champion_changes(root: Path) -> None:
    """A promotion or a rollback ends it. A change of another model does not."""
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


def test_the_two_models_of_abuse_end_each_others_shadow(tmp_path: Path) -> None:
    """They are measured together."""
    used = {name: champions(SHIPPED)[name] for name in ("abuse", "careful")}
    for name, version in used.items():
        shutil.copytree(SHIPPED / name / version, tmp_path / name / version)
    shutil.copytree(tmp_path / "abuse" / used["abuse"], tmp_path / "abuse" / "newer")
    card = tmp_path / "careful" / used["careful"] / "card.json"
    content = json.loads(card.read_text("utf-8"))
    del content["together"]  # now it can be mixed with any version
    card.write_text(json.dumps(content), "utf-8")
    (tmp_path / "champion.json").write_text(json.dumps(used), "utf-8")
    Shadow("careful", "new", 0.2, "", "asha").write(tmp_path)
    promote(tmp_path, "abuse", "newer", who="asha", even_if="a test")
    assert Shadow.read(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"model": 1}', '{"model": 1, "version": "", "share": 1, "since": "", "who": ""}'],
)
def test_a_damaged_shadow_is_reported_and_can_be_ended(
    root: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It does not prevent a promotion."""
    (root / SHADOW).write_text(content, "utf-8")
    folder = ["--models", str(root)]
    assert run(["models", "shadow", *folder]) == 1
    assert "shadow --off removes it" in capsys.readouterr().err
    promote(root, "spam", "challenger", who="asha", even_if="a test")
    assert run(["models", "shadow", "--off", *folder]) == 0
    assert Shadow.read(root) is None


def test_a_share_of_the_decisions_is_taken() -> None:
    """About as many decisions as the share says. A larger share includes the smaller one."""
    ids = [f"decision {number}" for number in range(4_000)]
    few, more = (
        {id_ for id_ in ids if Shadow("spam", "new", share, "", "").takes(id_)}
        for share in (0.1, 0.3)
    )
    assert few < more
    assert 330 < len(few) < 470
    assert all(Shadow("spam", "new", 1.0, "", "").takes(id_) for id_ in ids)


def test_shadow_on_the_command_line(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command itself, the list and the history show the challenger in shadow."""
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
