"""Settings are checked at start, and errors name the setting."""

from pathlib import Path

import pytest

from api import create_app
from api.settings import SettingsError
from tests.api.conftest import small_moderator


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("MODERATION_MAX_CONTENT_LENGTH", "much", "must be a valid integer"),
        ("MODERATION_MAX_CONTENT_LENGTH", "0", "must be greater than or equal to 1024"),
        ("MODERATION_POLCY", "a.toml", "did you mean MODERATION_POLICY?"),
        ("MODERATION_ALLOWED_HOSTS", "*", "must be names such as rules.example"),
        ("MODERATION_ALLOWED_HOSTS", "a.example, rules.example:8000", "without a port"),
        ("MODERATION_ALLOWED_HOSTS", "https://rules.example", "must be names"),
    ],
)
def test_an_invalid_setting_is_refused(name: str, value: str, message: str) -> None:
    """The error names the setting and explains what is wrong."""
    with pytest.raises(SettingsError) as caught:
        create_app({name: value}, moderator=small_moderator())
    (problem,) = caught.value.problems
    assert problem.startswith(f"{name}: ")
    assert message in problem


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """`config` overrides the environment."""
    monkeypatch.setenv("MODERATION_MAX_CONTENT_LENGTH", "4096")
    name = "MODERATION_MAX_CONTENT_LENGTH"
    moderator = small_moderator()
    assert create_app(moderator=moderator).config["MAX_CONTENT_LENGTH"] == 4096
    assert create_app({name: 2048}, moderator=moderator).config["MAX_CONTENT_LENGTH"] == 2048


def test_a_misspelt_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is like no setting is ignored: it may belong to another program."""
    monkeypatch.setenv("MODERATION_RETENTION_DAY", "3")
    monkeypatch.setenv("MODERATION_PORT_8000_TCP", "tcp://10.0.0.1:8000")
    with pytest.raises(SettingsError) as caught:
        create_app(moderator=small_moderator())
    problem = "MODERATION_RETENTION_DAY: no such setting; did you mean MODERATION_RETENTION_DAYS?"
    assert caught.value.problems == [problem]


def test_all_problems_are_reported_at_once() -> None:
    """You need not start the service three times to see three problems."""
    wrong = {"MODERATION_RATE": "often", "MODERATION_WEBHOOKS": "http://a/", "MODERATION_SPOL": "a"}
    with pytest.raises(SettingsError) as caught:
        create_app(wrong, moderator=small_moderator())
    names = {problem.partition(":")[0] for problem in caught.value.problems}
    assert names == {"MODERATION_RATE", "MODERATION_WEBHOOK_SECRET", "MODERATION_SPOL"}


def test_a_malformed_webhook_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The service starts. The log names the setting, not the secret."""
    for secret, warnings in (("whsec_hidden!", 1), ("whsec_aGlkZGVu", 0), ("hidden", 0)):
        caplog.clear()
        config = {"MODERATION_WEBHOOKS": "http://a/", "MODERATION_WEBHOOK_SECRET": secret}
        create_app(config, moderator=small_moderator())
        messages = [record.message for record in caplog.records if "WEBHOOK" in record.message]
        assert len(messages) == warnings
        assert "hidden" not in "".join(messages)


def test_only_the_factory_reads_the_environment() -> None:
    """No other file of the service uses `os.environ`."""
    root = Path(__file__).parents[2] / "api"
    paths = [path for path in root.rglob("*.py") if "os.environ" in path.read_text("utf-8")]
    assert [path.name for path in paths] == ["__init__.py"]
