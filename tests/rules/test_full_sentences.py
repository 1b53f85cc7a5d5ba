"""full_sentences: comments are written in full sentences."""

import pytest

from moderation.decision import Finding
from moderation.rules.full_sentences import Settings, check
from moderation.text.reading import Text, read
from moderation.text.sentences import Missing, SentenceScore

Result = tuple[float, Missing]


def scored(comment: str, *results: Result) -> Text:
    """Return a text with a result for each sentence: its probability and what it lacks."""
    text = read(comment)
    text.notes["sentences"] = [
        SentenceScore(sentence.start, sentence.end, len(sentence.text.split()), *result)
        for sentence, result in zip(text.sentences, results, strict=True)
    ]
    return text


def find(comment: str, *results: Result, settings: Settings | None = None) -> Finding:
    """Return the rule's finding for a comment, which must exist."""
    finding = check(scored(comment, *results), settings or Settings())
    assert finding is not None
    return finding


FULL: Result = (0.99, "verb")
VERBLESS: Result = (0.02, "verb")


@pytest.mark.parametrize(
    ("comment", "results"),
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
def test_must_not_fire(comment: str, results: list[Result]) -> None:
    """Full sentences, short exclamations and courtesies pass."""
    settings = Settings(
        minimum=4, courtesies=("Well said, sir.", "Thank you so much.", "Hats off ...")
    )
    assert check(scored(comment, *results), settings) is None


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
    finding = find("Because of the total failure.", (0.1, missing))
    assert finding.message.startswith("Write in full sentences: “Because of the total failure” ")
    assert finding.message.endswith(ending)
    assert finding.score == pytest.approx(0.9)


def test_a_lone_clause_is_not_an_exclamation() -> None:
    """The rule finds a clause that only begins with 'because', however short it is."""
    assert "“because”" in find("Because he lied.", (0.05, "main clause")).message


def test_spans_name_each_fragment() -> None:
    """The finding marks every fragment in the text as received, and no full sentence."""
    finding = find(
        "Total failure &amp; shame of governance. He left. No water, no roads, no jobs at all.",
        VERBLESS,
        FULL,
        VERBLESS,
    )
    assert [span.text for span in finding.spans] == [
        "Total failure &amp; shame of governance.",
        "No water, no roads, no jobs at all.",
    ]


def test_no_finding_without_words() -> None:
    """Other rules deal with emoji and links."""
    text = read("🙏🙏 www.example.com")
    text.notes["sentences"] = []
    assert check(text, Settings()) is None


def test_a_courtesy_matches_whole_words() -> None:
    """'Hats off ...' does not match 'Hats offered', nor does 'RIP' match a longer sentence."""
    settings = Settings(courtesies=("Hats off ...", "RIP"))
    find("Hats offered by nobody at all.", VERBLESS, settings=settings)
    find("RIP democracy in this country.", VERBLESS, settings=settings)


def test_one_full_sentence_is_never_certain() -> None:
    """With one full sentence, the score stays below any sensible threshold for rejection."""
    few = find("He left. " + "No water. " * 2, FULL, *[VERBLESS] * 2)
    certain: Result = (0.0, "verb")
    many = find("He left. " + "No water and no roads. " * 90, FULL, *[certain] * 90)
    assert few.score < many.score == pytest.approx(0.95)


def test_names_three_fragments_and_counts_the_rest() -> None:
    """The message stays short if there are many fragments."""
    finding = find("No water. " * 5, *[VERBLESS] * 5)
    assert finding.message.count("“No water” has no main verb") == 3
    assert finding.message.endswith("; and 2 more.")
    assert len(finding.spans) == 5


def test_other_languages_are_left_to_their_rule() -> None:
    """The rule skips comments that are hardly English."""
    text = scored("yeh sarkar kuch nahi karti", VERBLESS)
    text.scores = {"english": 0.1}
    assert check(text, Settings()) is None


def test_settings() -> None:
    """An operator can set the share and the fewest words in fragments."""
    comment, results = "He left. No water at all.", (FULL, VERBLESS)
    assert check(scored(comment, *results), Settings(share=0.3)) is None
    assert check(scored(comment, *results), Settings(minimum=5)) is None
    assert find(comment, *results, settings=Settings(share=0.9)).score > 0


def test_long_fragments_are_cut() -> None:
    """The message cuts a long fragment at a word."""
    finding = find("corruption " * 40, VERBLESS)
    assert "corruption …” has no main verb" in finding.message
    assert len(finding.message) < 160
