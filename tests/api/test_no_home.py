"""A state directory that cannot be created is named in one line, without a traceback."""

from pathlib import Path

import pytest

from tests.api.conftest import Run


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("keys create --name site --scope decide", 1, "the record cannot be used: {home}/record"),
        ("db upgrade", 1, "the record cannot be used: {home}/record.sqlite: unable to open"),
        ("record erase --author ravi", 2, "MODERATION_SPOOL: {home}/spool cannot be written"),
        ("serve --port 0", 2, "MODERATION_SPOOL: {home}/spool cannot be written"),
    ],
)
def test_the_path_is_named(
    command: str,
    code: int,
    message: str,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """For example in a container whose volume belongs to another user."""
    (tmp_path / "file").touch()
    home = tmp_path / "file" / "home"
    for name in ("MODERATION_DATABASE", "MODERATION_SPOOL"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("MODERATION_HOME", str(home))
    try:
        result = run(*command.split())
        exit_code, error = result.exit_code, result.stderr
    except SystemExit as stopped:  # `serve` lists all problems and exits
        exit_code, error = stopped.code, capsys.readouterr().err  # type: ignore[assignment]
    assert exit_code == code
    assert message.format(home=home) in error
