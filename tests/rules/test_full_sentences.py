"""full_sentences: comments are written in full sentences."""

from collections.abc import Iterator

import pytest

from moderation import Action, Moderator, Policy
from moderation.decision import Finding
from moderation.rules.full_sentences import Settings, check
from moderation.scoring.models import Models
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
    assert check(scored(comment, *results), Settings()) is not None
    assert find(comment, *results, settings=Settings(share=0.9)).score > 0


def test_long_fragments_are_cut() -> None:
    """The message cuts a long fragment at a word."""
    finding = find("corruption " * 40, VERBLESS)
    assert "corruption …” has no main verb" in finding.message
    assert len(finding.message) < 160


def test_strict_scores_every_comment_without_a_full_sentence() -> None:
    """With `strict`, such a comment scores at least 0.96, whatever the share in the settings."""
    unsure: Result = (0.45, "verb")
    assert find("No water, sir.", unsure).score == pytest.approx(0.55)
    assert find("No water, sir.", unsure, settings=Settings(strict=True)).score == 0.96
    assert find("No water, sir.", unsure, settings=Settings(strict=True, share=0.1)).score == 0.96
    assert check(scored("No water, sir.", unsure), Settings(share=0.1)) is None


def test_strict_leaves_comments_with_a_full_sentence_alone() -> None:
    """`strict` changes nothing if one sentence is full."""
    comment, results = "He left. No water at all.", (FULL, VERBLESS)
    assert check(scored(comment, *results), Settings(strict=True)) == find(comment, *results)


def test_strict_keeps_courtesies() -> None:
    """A courtesy alone passes with `strict` too."""
    settings = Settings(strict=True, courtesies=("Agreed.",))
    assert check(scored("Agreed.", VERBLESS), settings) is None


COURTESIES = ("Yes.", "Absolutely right.", "Agreed.", "Ma'am agreed.", "Well said ...")


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("Agreed.", id="one word"),
        pytest.param("AGREED!!!", id="another case and punctuation"),
        pytest.param("Yesssss", id="stretched letters"),
        pytest.param("Yes, absolutely right.", id="two courtesies"),
        pytest.param("Yes sir, agreed.", id="an interjection"),
        pytest.param("Haha, well said about the mayor.", id="laughter before a courtesy"),
        pytest.param("Agreed, Mr. Kulkarni.", id="the name of a reader"),
        pytest.param("Agreed 👍", id="emoji"),
    ],
)
def test_a_sentence_may_join_courtesies(comment: str) -> None:
    """Courtesies join with each other, with interjections and with the name of a reader."""
    results = [VERBLESS] * len(read(comment).sentences)
    assert check(scored(comment, *results), Settings(courtesies=COURTESIES)) is None


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("Yes minister.", id="another word after a courtesy"),
        pytest.param("Agreed, total rubbish.", id="small letters are no name"),
        pytest.param("Agreed, Delhi Police Crime Branch Failure.", id="too long for a name"),
        pytest.param("Haha, sir.", id="interjections alone"),
        pytest.param("The agreed price.", id="a courtesy's word in a phrase"),
    ],
)
def test_a_courtesy_excuses_no_other_words(comment: str) -> None:
    """A courtesy does not make the rest of a fragment a courtesy."""
    find(comment, VERBLESS, settings=Settings(courtesies=COURTESIES))


@pytest.fixture(scope="module")
def shipped() -> dict[bool, Moderator]:
    """Moderators with the shipped policy and models, by the setting `strict`."""
    models = Models.load()
    return {
        strict: Moderator(Policy.load({"full_sentences": {"strict": strict}}), models)
        for strict in (False, True)
    }


def findings(moderator: Moderator, comment: str) -> Iterator[tuple[Finding, Action]]:
    """The rule's findings for a comment, acted on or observed, and the action of each."""
    decision = moderator.moderate(comment)
    for reason in (*decision.reasons, *decision.observed):
        if reason.finding.rule == "full_sentences":
            yield reason.finding, reason.action


@pytest.mark.parametrize("strict", [False, True], ids=["shipped", "strict"])
@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("Ring 155260 about bank fraud.", id="an imperative with a number"),
        pytest.param("Digitise every land record.", id="an imperative in -ise"),
        pytest.param("Kindly demolish illegal hoardings.", id="an imperative after 'kindly'"),
        pytest.param("Boycott Turkish apples.", id="a noun or verb before an adjective"),
        pytest.param("Audit the temple trust.", id="a noun or verb before an article"),
        pytest.param("Stand up for them.", id="an imperative with a particle"),
        pytest.param("Link ration cards with Aadhaar.", id="'link' with 'with'"),
        pytest.param("Resign.", id="an imperative of one word"),
        pytest.param("What about the farmers?", id="'what about'"),
        pytest.param("And how about some rain?", id="'how about' after 'and'"),
        pytest.param("So what?", id="'so what'"),
        pytest.param("Why not a Lokpal for the states?", id="'why not'"),
        pytest.param("Why me?", id="'why' and one word"),
        pytest.param("The sooner, the better.", id="two comparatives"),
        pytest.param("Better late than never.", id="a proverb"),
        pytest.param("Thank heavens for the judges.", id="'thank heavens'"),
        pytest.param("God save this city.", id="a wish"),
        pytest.param("Long live the republic!", id="a wish without a subject in front"),
        pytest.param("Down with the mafia!", id="a call without a verb"),
        pytest.param("Yes.", id="an answer"),
        pytest.param("Exactly.", id="agreement"),
        pytest.param("Very true, sir.", id="agreement with a title"),
        pytest.param("Great editorial!", id="praise"),
        pytest.param("Acme Corp. India is hiring this quarter.", id="an abbreviation"),
    ],
)
def test_shipped_must_not_fire(
    shipped: dict[bool, Moderator], comment: str, *, strict: bool
) -> None:
    """Imperatives, set sentences and agreement are not even observed."""
    assert not list(findings(shipped[strict], comment))


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("Shameless politicians", id="an adjective and a noun"),
        pytest.param("What a farce", id="an exclamation"),
        pytest.param("Rubbish", id="one noun"),
        pytest.param("Total failure!", id="two words"),
        pytest.param("Paid media and nothing else", id="five words"),
        pytest.param("Because he cheated.", id="a lone clause"),
        pytest.param("Right wing goons", id="a courtesy's word in a phrase"),
    ],
)
def test_shipped_holds_certain_fragments(shipped: dict[bool, Moderator], comment: str) -> None:
    """A person decides about a comment that is certainly a fragment, however short it is."""
    ((finding, action),) = findings(shipped[False], comment)
    assert action == Action.REVIEW
    assert finding.message.startswith("Write in full sentences: ")


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("Jail term for builders", id="a noun that may be a verb"),
        pytest.param("Yet another plan with no money", id="a long noun phrase"),
    ],
)
def test_uncertain_fragments_are_observed_unless_strict(
    shipped: dict[bool, Moderator], comment: str
) -> None:
    """The shipped policy tells the author only; `strict` sends the comment to a person."""
    ((finding, action),) = findings(shipped[False], comment)
    assert action == Action.APPROVE
    assert finding.message.startswith("Write in full sentences: ")
    assert finding.spans
    ((_, action),) = findings(shipped[True], comment)
    assert action == Action.REVIEW
