"""full_sentences: comments are written in full sentences."""

import pytest

from moderation.decision import Finding
from moderation.rules.full_sentences import Settings, check
from moderation.text.reading import Text, read
from moderation.text.sentences import Judged, Missing

Verdict = tuple[float, Missing]


def judged(comment: str, *verdicts: Verdict) -> Text:
    """A comment whose sentences have been judged: how surely each is full, and what it lacks."""
    text = read(comment)
    text.notes["sentences"] = [
        Judged(sentence.start, sentence.end, len(sentence.text.split()), *verdict)
        for sentence, verdict in zip(text.sentences, verdicts, strict=True)
    ]
    return text


def found(comment: str, *verdicts: Verdict, settings: Settings | None = None) -> Finding:
    """The finding about a comment."""
    finding = check(judged(comment, *verdicts), settings or Settings())
    assert finding is not None
    return finding


FULL: Verdict = (0.99, "verb")
VERBLESS: Verdict = (0.02, "verb")


@pytest.mark.parametrize(
    ("comment", "verdicts"),
    [
        pytest.param("The minister lied.", [FULL], id="a full sentence"),
        pytest.param("Great work by all! The team made us proud.", [VERBLESS, FULL], id="half"),
        pytest.param("Shame on them!", [VERBLESS], id="a short exclamation"),
        pytest.param("Thank you so much! Well said, sir.", [VERBLESS] * 2, id="courtesies"),
        pytest.param("WELL SAID, SIR", [VERBLESS], id="a courtesy in capitals"),
        pytest.param("Hats off to the doctors and nurses!", [VERBLESS], id="begins like one"),
        pytest.param("He left.\n🙏🙏", [FULL, FULL], id="emoji"),
    ],
)
def test_must_not_fire(comment: str, verdicts: list[Verdict]) -> None:
    """Full sentences, short exclamations and courtesies stand."""
    settings = Settings(
        minimum=4, courtesies=("Well said, sir.", "Thank you so much.", "Hats off ...")
    )
    assert check(judged(comment, *verdicts), settings) is None


@pytest.mark.parametrize(
    ("missing", "ending"),
    [
        ("verb", "has no main verb."),
        ("subject", "does not say who or what."),
        ("main clause", "starts with “because” and does not say what follows."),
    ],
)
def test_says_what_is_missing(missing: Missing, ending: str) -> None:
    """The message quotes the fragment and names what it lacks."""
    finding = found("Because of the total failure.", (0.1, missing))
    assert finding.message.startswith("Write in full sentences: “Because of the total failure” ")
    assert finding.message.endswith(ending)
    assert finding.score == pytest.approx(0.9)


def test_a_lone_clause_is_no_exclamation() -> None:
    """However short, a clause that only begins with 'because' is named."""
    assert "“because”" in found("Because he lied.", (0.05, "main clause")).message


def test_spans_name_each_fragment() -> None:
    """Every fragment is marked in the author's own text, the full sentence is not."""
    finding = found(
        "Total failure &amp; shame of governance. He left. No water, no roads, no jobs at all.",
        VERBLESS,
        FULL,
        VERBLESS,
    )
    assert [span.text for span in finding.spans] == [
        "Total failure &amp; shame of governance.",
        "No water, no roads, no jobs at all.",
    ]


def test_without_words_it_is_silent() -> None:
    """Emoji and links are left to the rules that are about them."""
    text = read("🙏🙏 www.example.com")
    text.notes["sentences"] = []
    assert check(text, Settings()) is None


def test_a_courtesy_must_be_whole_words() -> None:
    """'Hats off ...' is no licence for 'Hats offered by nobody at all', nor 'RIP' for more."""
    settings = Settings(courtesies=("Hats off ...", "RIP"))
    found("Hats offered by nobody at all.", VERBLESS, settings=settings)
    found("RIP democracy in this country.", VERBLESS, settings=settings)


def test_one_full_sentence_is_never_certain() -> None:
    """Where one sentence is full, the score stays below any sensible threshold for refusal."""
    few = found("He left. " + "No water. " * 2, FULL, *[VERBLESS] * 2)
    surely: Verdict = (0.0, "verb")
    many = found("He left. " + "No water and no roads. " * 90, FULL, *[surely] * 90)
    assert few.score < many.score == pytest.approx(0.95)


def test_names_three_fragments_and_counts_the_rest() -> None:
    """The message stays short where there are many fragments."""
    finding = found("No water. " * 5, *[VERBLESS] * 5)
    assert finding.message.count("“No water” has no main verb") == 3
    assert finding.message.endswith("; and 2 more.")
    assert len(finding.spans) == 5


def test_other_languages_are_left_to_their_rule() -> None:
    """What is hardly English is not judged by English grammar."""
    text = judged("yeh sarkar kuch nahi karti", VERBLESS)
    text.scores = {"english": 0.1}
    assert check(text, Settings()) is None


def test_settings() -> None:
    """The share asked for, and the fewest words in fragments, are the operator's."""
    comment, verdicts = "He left. No water at all.", (FULL, VERBLESS)
    assert check(judged(comment, *verdicts), Settings(share=0.3)) is None
    assert check(judged(comment, *verdicts), Settings(minimum=5)) is None
    assert found(comment, *verdicts, settings=Settings(share=0.9)).score > 0


def test_long_fragments_are_quoted_shortly() -> None:
    """A message stays readable: a long fragment is cut at a word."""
    finding = found("corruption " * 40, VERBLESS)
    assert "corruption …” has no main verb" in finding.message
    assert len(finding.message) < 160
