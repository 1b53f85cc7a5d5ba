"""Settings are checked at start, and errors name the setting."""

import re
import traceback
from pathlib import Path

import pytest

from api import create_app, settings
from api.settings import SettingsError
from moderation import paths
from tests.api.conftest import Run, small_moderator


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


def test_the_environment_overrides_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file gives defaults. The environment overrides it, and the program overrides both."""
    file = tmp_path / "settings.toml"
    file.write_text(
        'rate = "1 per second"\nretention_days = 1\nmax_content_length = 1024\n', "utf-8"
    )
    monkeypatch.setenv("MODERATION_SETTINGS", str(file))
    monkeypatch.setenv("MODERATION_RETENTION_DAYS", "2")
    monkeypatch.setenv("MODERATION_MAX_CONTENT_LENGTH", "2048")
    monkeypatch.setenv("MODERATION_SPOOL", "")
    chosen = settings.read({"MODERATION_MAX_CONTENT_LENGTH": 4096})
    assert (chosen.rate, chosen.retention_days) == ("1 per second", 2)
    assert chosen.max_content_length == 4096
    assert chosen.spool == chosen.home / "spool", "an empty variable is no setting"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("rate =", "MODERATION_SETTINGS: {} cannot be read: Invalid value"),
        ('polcy = "a"', "MODERATION_POLCY: no such setting; did you mean MODERATION_POLICY?"),
        ("webhooks = 5", "MODERATION_WEBHOOKS: must be an array, not a number"),
        (None, "MODERATION_SETTINGS: {} cannot be read: [Errno 2]"),
    ],
)
def test_a_file_with_mistakes_is_refused(
    content: str | None, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the variable, as for the environment."""
    file = tmp_path / "settings.toml"
    if content is not None:
        file.write_text(content, "utf-8")
    monkeypatch.setenv("MODERATION_SETTINGS", str(file))
    with pytest.raises(SettingsError) as caught:
        settings.read()
    assert caught.value.problems[0].startswith(problem.format(file))


def test_errors_hide_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """A traceback, too, has no secret in it."""
    monkeypatch.setenv("MODERATION_DATABASE", "mysql://me:hidden@db")
    with pytest.raises(SettingsError) as caught:
        settings.read()
    assert "hidden" not in "".join(traceback.format_exception(caught.value))


def test_no_file_reads_the_environment() -> None:
    """pydantic-settings reads it. The factory sets one variable, for prometheus_client."""
    root = Path(__file__).parents[2] / "api"
    uses = [
        (path.name, line.strip())
        for path in root.rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"\bos\.(environ|getenv)", line)
    ]
    assert [name for name, _ in uses] == ["app.py"]
    assert uses[0][1].startswith('os.environ["PROMETHEUS_MULTIPROC_DIR"] = ')


def test_the_state_directory_is_set_for_all_commands_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands about models read no settings file, so the file cannot name the directory."""
    file = tmp_path / "settings.toml"
    file.write_text(f"home = '{tmp_path}'\n", "utf-8")
    monkeypatch.setenv("MODERATION_SETTINGS", str(file))
    with pytest.raises(SettingsError, match="MODERATION_HOME: belongs in the environment"):
        settings.read()


def test_the_state_directory_holds_what_no_setting_names(tmp_path: Path) -> None:
    """A relative path is refused: it would depend on the current folder."""
    chosen = settings.read({"MODERATION_HOME": tmp_path, "MODERATION_SPOOL": "/elsewhere"})
    assert chosen.database.get_secret_value() == f"sqlite:///{tmp_path}/record.sqlite"
    assert (chosen.spool, chosen.models_in_use.own) == (Path("/elsewhere"), tmp_path / "models")
    with pytest.raises(SettingsError, match="MODERATION_HOME: must be an absolute path, not var"):
        settings.read({"MODERATION_HOME": "var"})


def test_settings_show_where_everything_is(run: Run, tmp_path: Path) -> None:
    """Paths that no variable holds are comments: the output stays a file of variables."""
    lines = run("settings").stdout.splitlines()
    assert f"MODERATION_HOME={tmp_path / 'home'}" in lines
    comments = "\n".join(line for line in lines if line.startswith("#"))
    assert f"# Your own models         {tmp_path / 'home' / 'models'}" in comments
    assert str(paths.MODELS) in comments
    assert "policy.toml" in comments
