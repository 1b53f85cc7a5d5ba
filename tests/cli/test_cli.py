"""The command line as used by people, pipes and scripts."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from moderation import Action, Finding, Policy, paths
from moderation.cli import run
from moderation.cli.render import render
from moderation.decision import Decision, Reason, Span
from moderation.scoring.store import SHIPPED

TEST_SENTENCE = Policy.load().publication.test_sentence


def output(capfd: pytest.CaptureFixture[str]) -> Any:
    """Return the printed JSON."""
    return json.loads(capfd.readouterr().out)


def test_a_pipe_gets_one_line_of_json(capfd: pytest.CaptureFixture[str]) -> None:
    """Outside a terminal `check` prints the decision as one line of JSON."""
    assert run(["check", TEST_SENTENCE]) == 0
    printed = capfd.readouterr().out
    assert printed.count("\n") == 1
    assert json.loads(printed)["action"] == "reject"


def test_a_terminal_gets_a_layout_to_read(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a terminal `check` prints the action, the text and the reasons; with --json, JSON."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run(["check", TEST_SENTENCE]) == 0
    printed = capfd.readouterr().out
    assert "REJECT" in printed
    assert "This is the test sentence" in printed
    assert "\x1b[" in printed
    assert run(["check", "--json", TEST_SENTENCE]) == 0
    assert output(capfd)["action"] == "reject"


def rendered(comment: str, *reasons: Reason, observed: tuple[Reason, ...] = ()) -> str:
    """Return a decision as laid out, with its colours."""
    action = max((reason.action for reason in reasons), default=Action.APPROVE)
    decision = Decision("1", action, reasons, observed, {"insult": 0.91}, {}, "", {}, 0.1)
    file = io.StringIO()
    Console(file=file, force_terminal=True, width=80, color_system="truecolor").print(
        render(comment, decision)
    )
    return file.getvalue()


def reason(action: Action, *spans: Span, message: str = "Argue the point.") -> Reason:
    """Return a reason that names these spans."""
    return Reason(Finding("insult", 0.91, message, spans, "person"), "Be kind.", action)


def test_layout_has_every_part() -> None:
    """Rule, action, score, message, suggestion and guideline are printed."""
    printed = rendered("You idiot.", reason(Action.REJECT, Span(4, 9, "idiot")))
    for part in ("REJECT", "insult: reject (0.91)", "Argue the point.", "person", "Be kind."):
        assert part in printed


def test_layout_marks_the_span() -> None:
    """The word is marked, and its neighbours are not."""
    printed = rendered("You idiot.", reason(Action.REJECT, Span(4, 9, "idiot")))
    assert "midiot\x1b[0m" in printed
    assert "You \x1b[" in printed


def test_layout_shows_rules_that_only_watch() -> None:
    """A rule in shadow is named as observed, not as acting."""
    printed = rendered("Hello.", observed=(reason(Action.APPROVE),))
    assert "APPROVE" in printed
    assert "insult: observed (0.91)" in printed


@pytest.mark.parametrize(
    "control",
    ["\x1b]0;title\x07", "\x1b[2J", "\x9b31m", "\u202e", "\u2066"],
    ids=["window title", "clear screen", "one-byte escape", "changed direction", "isolate"],
)
def test_a_comment_cannot_control_the_terminal(control: str) -> None:
    """Control characters are replaced, and the marks keep their places."""
    comment = f"{control}You idiot."
    start = len(control) + 4
    printed = rendered(comment, reason(Action.REJECT, Span(start, start + 5, "idiot")))
    assert control not in printed
    assert "midiot\x1b[0m" in printed


def test_markup_in_a_comment_is_text() -> None:
    """What looks like rich's markup is printed as written."""
    assert "[bold]x[/bold]" in rendered(
        "[bold]x[/bold]", reason(Action.REVIEW, message="[red]m[/red]")
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["chek"], "No such command 'chek'", id="misspelt command"),
        pytest.param(["check"], "give one of TEXT", id="nothing to check"),
        pytest.param(["check", "a", "--input", "-"], "give one of TEXT", id="both"),
        pytest.param(["check", ""], "text: is empty", id="empty text"),
        pytest.param(["check", "a", "--strict"], "go with --input", id="option of files"),
        pytest.param(["check", "--input", "-", "--json"], "go with TEXT", id="option of texts"),
        pytest.param(["check", "--input", "no.csv"], "'no.csv' does not exist", id="no file"),
        pytest.param(["check", "a", "--policy", "no.toml"], "does not exist", id="no policy"),
        pytest.param(["check", "a", "--models", "no"], "does not exist", id="no models"),
        pytest.param(["train", "poetry", "--data", "."], "'poetry' is not one of", id="no trainer"),
        pytest.param(["train", "abuse"], "give one of --data", id="no data"),
        pytest.param(
            ["train", "spam", "--data", ".", "--teacher", "."], "goes with abuse", id="teacher"
        ),
        pytest.param(["models", "pair", "spam/1", "--data", "."], "only careful", id="pair"),
        pytest.param(
            ["train", "abuse", "--data", ".", "--minutes", "5"], "go with careful", id="minutes"
        ),
        pytest.param(
            ["train", "careful", "--data", ".", "--outputs", "own"], "go with --from", id="outputs"
        ),
        pytest.param(
            ["train", "careful", "--data", ".", "--biases"], "go with --from", id="biases"
        ),
        pytest.param(["train", "language", "--verdicts", "-"], "adapts abuse and spam", id="adapt"),
        pytest.param(["train", "abuse", "--verdicts", "no.jsonl"], "no.jsonl: No such", id="none"),
        pytest.param(["models", "show", "poetry"], "no model 'poetry'", id="no model"),
        pytest.param(["serve", "--port", "99999"], "99999", id="no port"),
    ],
)
def test_wrong_usage(arguments: list[str], message: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Wrong usage gives exit code 2 and one line on stderr that says what is wrong and where."""
    assert run(arguments) == 2
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("moderation: ")
    assert printed.err.count("\n") == 1
    assert message in printed.err


def test_an_argument_that_is_not_utf8(capfd: pytest.CaptureFixture[str]) -> None:
    """It is refused, like any other text that cannot be checked."""
    assert run(["check", b"caf\xe9".decode("utf-8", "surrogateescape")]) == 2
    assert "surrogate" in capfd.readouterr().err


def test_no_arguments_print_the_help(capfd: pytest.CaptureFixture[str]) -> None:
    """Without arguments the program prints its help."""
    assert run([]) == 2
    assert "moderation check" in capfd.readouterr().err


def test_version(capfd: pytest.CaptureFixture[str]) -> None:
    """`--version` prints the program's name and version."""
    assert run(["--version"]) == 0
    assert capfd.readouterr().out.startswith("moderation 0.")


def test_policy_check_names_every_mistake(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each mistake has a line with its table and key, and the exit code is 2."""
    path = tmp_path / "mine.toml"
    path.write_text("[lenght]\n[length]\nreview = 7\n", "utf-8")
    assert run(["policy", "check", str(path)]) == 2
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("[lenght]: no such rule; did you mean 'length'?")
    assert "[length] review: must be a number from 0 to 1" in lines[1]


def test_policy_check_accepts_a_valid_policy(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A valid policy is reported as good."""
    path = tmp_path / "mine.toml"
    path.write_text("[length]\nmost_words = 10\n", "utf-8")
    assert run(["policy", "check", str(path)]) == 0
    assert "good" in capfd.readouterr().out


def test_policy_show_prints_a_valid_policy(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The output of `policy show` is a policy with the same hash."""
    custom = tmp_path / "mine.toml"
    custom.write_text("[length]\nmost_words = 10\n", "utf-8")
    assert run(["policy", "show", "--policy", str(custom)]) == 0
    merged = tmp_path / "merged.toml"
    merged.write_text(capfd.readouterr().out, "utf-8")
    assert Policy.load(merged).hash == Policy.load(custom).hash


def test_an_invalid_policy_stops_at_start(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """No comment is checked by an invalid policy."""
    path = tmp_path / "mine.toml"
    path.write_text("[length]\nreview = 7\n", "utf-8")
    assert run(["check", "Hello there.", "--policy", str(path)]) == 2
    printed = capfd.readouterr()
    assert printed.out == ""
    assert "[length] review" in printed.err


@pytest.fixture
def models_folder(tmp_path: Path) -> Path:
    """A folder of models with two versions; the second is in use."""
    for version in ("1", "2"):
        folder = tmp_path / "abuse" / version
        folder.mkdir(parents=True)
        card = {"kind": "linear", "made": "2026-01-01", "heads": ["toxicity"], "seed": version}
        (folder / "card.json").write_text(json.dumps(card), "utf-8")
    (tmp_path / "champion.json").write_text('{"abuse": "2"}', "utf-8")
    return tmp_path


def test_models_list(
    models_folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every version is listed and the champion is named; a terminal gets a table."""
    assert run(["models", "list", "--models", str(models_folder)]) == 0
    folder = models_folder / "abuse"
    printed = capfd.readouterr().out
    assert printed == f"abuse\t1\t\t{folder / '1'}\nabuse\t2\tchampion\t{folder / '2'}\n"
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run(["models", "list", "--models", str(models_folder)]) == 0
    assert "toxicity" in capfd.readouterr().out


@pytest.mark.parametrize(("name", "seed"), [("abuse", "2"), ("abuse/1", "1")])
def test_models_show(
    models_folder: Path, name: str, seed: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """A name without a version means the version in use."""
    assert run(["models", "show", name, "--models", str(models_folder)]) == 0
    assert output(capfd)["seed"] == seed


def test_damaged_models_are_refused(models_folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Models that cannot be used give exit code 1, and nothing is checked."""
    assert run(["check", "Hello there.", "--models", str(models_folder)]) == 1
    printed = capfd.readouterr()
    assert printed.out == ""
    assert "no usable model" in printed.err


def test_train_and_evaluate_call_the_trainers(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`train` passes data, folder and seed to the trainer, and prints the model's folder."""
    calls: list[dict[str, Any]] = []

    class Trainer:
        @staticmethod
        def train(**arguments: Any) -> Path:
            calls.append(arguments)
            return Path("models/abuse/new")

        @staticmethod
        def evaluate(**arguments: Any) -> dict[str, Any]:
            calls.append(arguments)
            return {"seed": arguments["seed"]}

    monkeypatch.setattr("moderation.cli.train._module", lambda _: Trainer)
    assert run(["train", "abuse", "spam", "--data", str(tmp_path), "--seed", "7"]) == 0
    expected = {"data": tmp_path, "out": paths.home() / "models", "seed": 7}
    assert calls[0].pop("progress")
    assert calls == [expected | {"cache": None, "teacher": None}, expected]
    assert capfd.readouterr().out == "models/abuse/new\n" * 2
    assert run(["evaluate", "--data", str(tmp_path)]) == 0
    assert output(capfd) == {"seed": 0}
    assert calls[2] == {"data": tmp_path, "models": None, "out": None, "seed": 0, "most": None}


def test_commands_use_what_the_service_uses(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Policy and models come from the service's settings; an option overrides them."""
    policy, models = tmp_path / "house.toml", tmp_path / "models"
    policy.write_text("[shouting]\nreview = 0.123\n", "utf-8")
    models.mkdir()
    monkeypatch.setenv("MODERATION_POLICY", str(policy))
    monkeypatch.setenv("MODERATION_MODELS", str(models))
    assert run(["policy", "show"]) == 0
    assert "review = 0.123" in capfd.readouterr().out
    assert run(["models", "list"]) == 1
    assert f"{models}: no champion" in capfd.readouterr().err
    assert run(["models", "list", "--models", str(SHIPPED)]) == 0
    assert "careful" in capfd.readouterr().out
    monkeypatch.setenv("MODERATION_MODELS", str(tmp_path / "none"))
    assert run(["models", "list"]) == 2
    assert "MODERATION_MODELS" in capfd.readouterr().err
