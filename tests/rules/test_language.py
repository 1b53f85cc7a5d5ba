"""language: a comment is written in English."""

import json

import pytest

from moderation.decision import Action, Finding
from moderation.policy import Policy
from moderation.rules.language import Settings, check
from moderation.scoring import models, store
from moderation.text.reading import read

_VERSION = json.loads((store.SHIPPED / "champion.json").read_text("utf-8"))["language"]
_SCORER = models.load(store.SHIPPED / "language" / _VERSION)


def find(comment: str, settings: Settings | None = None) -> Finding | None:
    """Return the finding of the check with the shipped model."""
    text = read(comment)
    text.scores = {head: float(scores[0]) for head, scores in _SCORER.score([text]).items()}
    return check(text, settings or Settings())


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("The minister should resign at once.", id="plain English"),
        pytest.param("Modi ji, please meet the kisan leaders at Jantar Mantar.", id="Indian names"),
        pytest.param(
            "Narendra Modi, Rahul Gandhi, Mamata Banerjee, Sharad Pawar, Nitish Kumar, Arvind "
            "Kejriwal, Uddhav Thackeray and Akhilesh Yadav will all be there.",
            id="eight names",
        ),
        pytest.param("Jai Hind! Our soldiers have made the country proud.", id="a slogan"),
        pytest.param('He just said "sab kuch chalta hai" and walked out.', id="a quoted phrase"),
        pytest.param("We had dosa, idli and sambar in Udupi for 500 rupees.", id="dishes"),
        pytest.param("u r rite bro dis govt is gud 4 nothing", id="text-speak is English"),
        pytest.param("WHAT A SHAME FOR THIS COUNTRY", id="capitals"),
        pytest.param("Teh goverment shoud do somthing abuot it.", id="typos"),
        pytest.param("Rs. 500 cr. for the U.P. govt., says P. Chidambaram", id="abbreviations"),
        pytest.param("ye sab kya", id="three words: too short to tell"),
        pytest.param("Jai Shri Ram", id="a slogan alone"),
        pytest.param("🙏🙏🙏 👍", id="not a language: emoji"),
        pytest.param("https://example.com/a/b/c/d www.example.org", id="not a language: links"),
        pytest.param("100 200 300 400 500", id="not a language: numbers"),
    ],
)
def test_must_not_fire(comment: str) -> None:
    """English comments pass whatever their names, and so do comments without a language."""
    assert find(comment) is None


@pytest.mark.parametrize(
    ("comment", "name"),
    [
        pytest.param("ye sarkar kisi kaam ki nahi hai bhai", "Hindi", id="Hindi in Latin letters"),
        pytest.param(
            "intha arasu makkalukku onnum pannala da", "Tamil", id="Tamil in Latin letters"
        ),
        pytest.param(
            "namma janarige ee sarkara enu madilla guru", "Kannada", id="Kannada in Latin letters"
        ),
        pytest.param("ivanokke vere oru paniyum ille ennu thonnunnu", "Malayalam", id="Malayalam"),
        pytest.param("यह सरकार किसी काम की नहीं है", "Hindi", id="Devanagari"),
        pytest.param("இது மிகவும் நல்ல செய்தி ஐயா", "Tamil", id="Tamil script"),
        pytest.param("Das ist doch alles gelogen und erfunden.", "German", id="German"),
        pytest.param("Este gobierno no ha hecho nada por nosotros", "Spanish", id="Spanish"),
        pytest.param("MODI JI NE DESH KE LIYE KYA KIYA HAI", "Hindi", id="capitals hide nothing"),
    ],
)
def test_named(comment: str, name: str) -> None:
    """The rule finds other languages, and the message names them."""
    finding = find(comment)
    assert finding is not None
    assert finding.score >= 0.3  # goes to a person at least
    assert name in finding.message
    assert finding.message.startswith("Write in English, please.")


def acts(comment: str) -> bool:
    """Whether the finding sends the comment to a person with the shipped threshold."""
    finding = find(comment)
    thresholds = Policy.load().rules["language"].thresholds
    return finding is not None and thresholds.action(finding.score) > Action.APPROVE


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("Mamata Banerjee deserves better.", id="two words and a name"),
        pytest.param("Smriti Mandhana bats beautifully.", id="a name that no list has"),
        pytest.param("Siddaramaiah must resign now.", id="a name opens the sentence"),
        pytest.param("Thiruvananthapuram airport looks great.", id="a place opens the sentence"),
        pytest.param("virat kohli should retire", id="a name in small letters"),
        pytest.param("RAHUL GANDHI IS RIGHT.", id="a name in capitals"),
        pytest.param("Modi Modi Modi Modi", id="a name alone, repeated"),
        pytest.param("Sachin... Sachin... Sachin!!! Legend.", id="cheers for a name"),
        pytest.param("Hahahahaha hehehe good one bro", id="laughter"),
        pytest.param("Wow wow wow, superb Sachin!", id="cheers"),
        pytest.param("Om Shanti, sir. Rest in peace.", id="condolence"),
        pytest.param("Arre yaar, what is this?", id="an exclamation opens the sentence"),
        pytest.param("GAU MATA KI JAI HO", id="a slogan in capitals that no list has"),
        pytest.param("Sabka saath, sabka vikas, sabka vishwas", id="a slogan"),
        pytest.param("Mohun Bagan zindabad, Mohun Bagan zindabad!", id="a chant"),
        pytest.param("Mukhyamantri Majhi Ladki Bahin Yojana funds are late.", id="a scheme"),
        pytest.param("Pal pal dil ke paas is my favourite song.", id="a song without quotation"),
        pytest.param("Kabhi Khushi Kabhie Gham was a good film.", id="a film"),
        pytest.param("Our sarpanch took the paisa for the nala.", id="borrowed nouns"),
        pytest.param("We ate pongal, vada, kesari and filter kaapi.", id="dishes that no list has"),
        pytest.param("I love you, n'est-ce pas?", id="a set phrase from another language"),
        pytest.param("mausam acha lagta", id="under five words, small letters"),
    ],
)
def test_names_cheers_and_slogans_pass(comment: str) -> None:
    """Names, cheers, slogans and titles never bring a person by themselves."""
    assert not acts(comment)


@pytest.mark.parametrize(
    ("comment", "mark"),
    [
        pytest.param(
            "Sarkar ne kuch nahi kiya. But I will vote again because there is no choice.",
            "Sarkar ne kuch nahi kiya",
            id="a Hindi sentence first",
        ),
        pytest.param(
            "I have been living here for ten years, enakku romba kashtama irukku, nobody helps.",
            "enakku romba kashtama irukku",
            id="a Tamil clause inside",
        ),
        pytest.param(
            "This guy is out of work. His wife left. Bachche bhi bhooke hain uske ghar mein",
            "Bachche bhi bhooke hain uske ghar mein",
            id="a Hindi sentence last",
        ),
    ],
)
def test_a_foreign_clause_brings_a_person(comment: str, mark: str) -> None:
    """A foreign clause among English ones goes to a person, and the finding marks it."""
    finding = find(comment)
    assert finding is not None
    assert 0.3 <= finding.score < 0.95
    assert [span.text for span in finding.spans] == [mark]


def test_one_english_word_in_ten() -> None:
    """One English word does not make a foreign comment English."""
    finding = find("is desh ka system kabhi nahi badlega aur log aise hi marte rahenge")
    assert finding is not None


def test_spans_mark_the_foreign_words() -> None:
    """The finding marks the foreign words in the text as received."""
    finding = find(
        "Thank you very much sir. Ye sarkar kisi kaam ki nahi hai aur na kabhi thi bhai."
    )
    assert finding is not None
    marks = " ".join(span.text for span in finding.spans)
    assert "sarkar kisi kaam ki nahi" in marks
    assert "Thank" not in marks


def test_fewest_words_is_a_setting() -> None:
    """An operator can include shorter comments."""
    assert find("kya bakwas hai", Settings(fewest_words=3)) is not None


def test_allowed_languages_pass() -> None:
    """A newspaper can allow another language besides English. The rule still finds the others."""
    settings = Settings(allowed=("hi-Latn",))
    assert find("ye sarkar kisi kaam ki nahi hai bhai", settings) is None
    assert find("Das ist doch alles gelogen und erfunden.", settings) is not None


def test_unknown_language_is_not_named() -> None:
    """The message names no language if the model does not know it."""
    text = read("blub blub blub blub blub")
    text.scores = {"english": 0.0}
    text.notes["language"] = "und"
    finding = check(text, Settings())
    assert finding is not None
    assert finding.message == "Write in English, please."
    assert finding.spans[0].text == text.raw
