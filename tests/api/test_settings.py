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
        ("MODERATION_ALLOWED_HOSTS", "*", "must be names such as rules.example"),
        ("MODERATION_ALLOWED_HOSTS", "a.example, rules.example:8000", "without a port"),
        ("MODERATION_ALLOWED_HOSTS", "https://rules.example", "must be names"),
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


def test_a_misspelt_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is in the file of settings; a name that is like none may be somebody else's."""
    monkeypatch.setenv("MODERATION_RETENTION_DAY", "3")
    monkeypatch.setenv("MODERATION_PORT_8000_TCP", "tcp://10.0.0.1:8000")
    with pytest.raises(SettingsError) as caught:
        create_app(moderator=small_moderator())
    said = "MODERATION_RETENTION_DAY: no such setting; did you mean MODERATION_RETENTION_DAYS?"
    assert caught.value.problems == [said]


def test_all_mistakes_are_told_at_once() -> None:
    """Nobody starts the service three times to hear of three."""
    wrong = {"MODERATION_RATE": "often", "MODERATION_WEBHOOKS": "http://a/", "MODERATION_SPOL": "a"}
    with pytest.raises(SettingsError) as caught:
        create_app(wrong, moderator=small_moderator())
    names = {problem.partition(":")[0] for problem in caught.value.problems}
    assert names == {"MODERATION_RATE", "MODERATION_WEBHOOK_SECRET", "MODERATION_SPOL"}


def test_a_webhook_secret_that_misleads_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The service starts with it, and the log names the setting, not the secret."""
    for secret, warnings in (("whsec_hidden!", 1), ("whsec_aGlkZGVu", 0), ("hidden", 0)):
        caplog.clear()
        own = {"MODERATION_WEBHOOKS": "http://a/", "MODERATION_WEBHOOK_SECRET": secret}
        create_app(own, moderator=small_moderator())
        said = [record.message for record in caplog.records if "WEBHOOK" in record.message]
        assert len(said) == warnings
        assert "hidden" not in "".join(said)


def test_only_the_factory_reads_the_environment() -> None:
    """No other file of the service looks at `os.environ`."""
    root = Path(__file__).parents[2] / "api"
    readers = [path for path in root.rglob("*.py") if "environ" in path.read_text("utf-8")]
    code = [path.name for path in readers if "os.environ" in path.read_text("utf-8")]
    assert code == ["__init__.py"]
