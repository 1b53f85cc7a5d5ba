"""The state directory is the same whatever the current folder, and never inside the code."""

from pathlib import Path

import pytest

from moderation import paths
from moderation.cli import run


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No state directory is named, and neither the user nor the checkout has one."""
    monkeypatch.delenv("MODERATION_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(paths, "_ROOT", tmp_path / "checkout")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def record_in(folder: Path, name: str = paths.RECORD) -> Path:
    """Write a file that looks like a record, or like another file of an earlier version."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return folder


def test_the_users_data_folder_is_the_default(tmp_path: Path) -> None:
    """Looking for it does not create it."""
    assert paths.home() == tmp_path / "data" / "house-rules"
    assert not (tmp_path / "data").exists()


def test_the_environment_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It wins over a record of an earlier version."""
    record_in(tmp_path / "work" / "var")
    monkeypatch.setenv("MODERATION_HOME", str(tmp_path / "named"))
    assert paths.home() == tmp_path / "named"


def test_a_relative_path_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would mean another folder for each current folder."""
    monkeypatch.setenv("MODERATION_HOME", "var")
    for command in (["models", "list"], ["settings"], ["serve"]):
        try:
            code = run(command)
        except SystemExit as stopped:  # `serve` lists all problems and exits
            code = int(stopped.code or 0)
        assert code == 2
        assert "MODERATION_HOME: must be an absolute path, not var" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["work", "checkout"])
@pytest.mark.parametrize("name", [paths.RECORD, "spool/.lock"])
def test_an_earlier_record_stays_in_use(place: str, name: str, tmp_path: Path) -> None:
    """So does a spool, which may have waiting decisions for a PostgreSQL database."""
    var = record_in(tmp_path / place / "var", name)
    assert paths.home() == var


def test_a_folder_var_without_a_record_is_not_ours(tmp_path: Path) -> None:
    """`/var/spool`, for example, is on every Unix system."""
    (tmp_path / "work" / "var" / "spool").mkdir(parents=True)
    assert paths.home() == tmp_path / "data" / "house-rules"


def test_moved_state_is_found_from_the_old_folder(tmp_path: Path) -> None:
    """The note in the old folder is followed, although the old record is still there."""
    var = record_in(tmp_path / "work" / "var")
    (var / paths.MOVED).write_text(f"{tmp_path / 'new'}\n", "utf-8")
    assert paths.home() == tmp_path / "new"


def test_two_records_are_never_mixed_up(tmp_path: Path) -> None:
    """No command guesses which record is the newsroom's."""
    record_in(tmp_path / "work" / "var")
    record_in(tmp_path / "data" / "house-rules")
    with pytest.raises(paths.HomeError, match=r"another in .*work/var"):
        paths.home()
