"""What is set is checked at start, and named where it is wrong."""

from pathlib import Path

import pytest

from api import create_app
from api.settings import SettingsError
from tests.api.conftest import small_moderator


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("MODERATION_MAX_CONTENT_LENGTH", "much", "must be a valid integer"),
        ("MODERATION_MAX_CONTENT_LENGTH", "0", "must be greater than or equal to 1024"),
        ("MODERATION_POLCY", "a.toml", "did you mean MODERATION_POLICY?"),
    ],
)
def test_refused(name: str, value: str, said: str) -> None:
    """A setting that cannot be used is named with what is wrong."""
    with pytest.raises(SettingsError) as caught:
        create_app({name: value}, moderator=small_moderator())
    (problem,) = caught.value.problems
    assert problem.startswith(f"{name}: ")
    assert said in problem


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable sets what `config` does not; `config` wins."""
    monkeypatch.setenv("MODERATION_MAX_CONTENT_LENGTH", "4096")
    name = "MODERATION_MAX_CONTENT_LENGTH"
    small = small_moderator()
    assert create_app(moderator=small).config["MAX_CONTENT_LENGTH"] == 4096
    assert create_app({name: 2048}, moderator=small).config["MAX_CONTENT_LENGTH"] == 2048


def test_only_the_factory_reads_the_environment() -> None:
    """No other file of the service looks at `os.environ`."""
    root = Path(__file__).parents[2] / "api"
    readers = [path for path in root.rglob("*.py") if "environ" in path.read_text("utf-8")]
    code = [path.name for path in readers if "os.environ" in path.read_text("utf-8")]
    assert code == ["__init__.py"]
