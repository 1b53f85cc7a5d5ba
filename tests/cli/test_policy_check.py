"""`moderation policy check` lists how the entries of the word lists are read."""

from pathlib import Path

import pytest

from moderation.cli import run


def test_policy_check_lists_how_entries_are_read(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """`policy check` lists each entry of the word lists with two matches and one miss."""
    path = tmp_path / "mine.toml"
    path.write_text('[word_list]\nbanned = ["C++", "love jihad"]\n', "utf-8")
    assert run(["policy", "check", str(path)]) == 0
    signs, words = capfd.readouterr().out.splitlines()[1:]
    assert signs == (
        "[word_list] banned: 'C++' as it is written. Matches 'C++' and 'c++', not 'c'."
    )
    assert "as words" in words
    assert "'#LoveJihad'" in words
