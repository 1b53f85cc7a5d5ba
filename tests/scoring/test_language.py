"""The language scorer: which words count, the score, and the notes."""

import json
import subprocess
import sys

import pytest

from moderation.scoring import models, store
from moderation.scoring.language import LanguageScorer, core_words, words_of
from moderation.scoring.languages import detect, language_name, latin_share
from moderation.text.reading import Text, read

_VERSION = json.loads((store.SHIPPED / "champion.json").read_text("utf-8"))["language"]


@pytest.fixture(scope="module")
def scorer() -> LanguageScorer:
    """The shipped language model alone."""
    loaded = models.load(store.SHIPPED / "language" / _VERSION)
    assert isinstance(loaded, LanguageScorer)
    return loaded


def scored(scorer: LanguageScorer, comment: str) -> tuple[float, Text]:
    """Return the score, and the text with its notes."""
    text = read(comment)
    return float(scorer.score([text])["english"][0]), text


@pytest.mark.parametrize(
    ("comment", "words"),
    [
        pytest.param("see https://example.com/not/these now", ["see", "now"], id="links"),
        pytest.param("@ravi_k hello", ["hello"], id="mentions"),
        pytest.param("so true #YehSabKyaHai", ["so", "true"], id="hashtags"),
        pytest.param("write to a.b@example.com please", ["write", "to", "please"], id="e-mail"),
        pytest.param("Rs 500 in 2024 😀", ["Rs", "in"], id="digits and emoji"),
        pytest.param("don't", ["don't"], id="apostrophes stay"),
    ],
)
def test_only_words_count(comment: str, words: list[str]) -> None:
    """Links, mentions, hashtags, addresses, digits and emoji are left out."""
    assert words_of(read(comment)) == words


def test_latin_share() -> None:
    """Letters are counted, not words. Letters with accents are Latin."""
    assert latin_share(["où", "été"]) == 1.0
    assert latin_share(["नमक"]) == 0.0


def test_names_and_quotations_are_left_out() -> None:
    """A capital inside a sentence marks a name; one at its start does not."""
    words = core_words('Yesterday Amit Shah told "sab theek hai" to Delhi. Nobody believed it.')
    assert words == ["Yesterday", "told", "to", "Nobody", "believed", "it"]


def test_lists_are_left_out() -> None:
    """Items between commas may be names of things. Two clauses are not a list."""
    assert (
        core_words("idli, vada, masala dosa and upma, who eats cereal") == "who eats cereal".split()
    )
    assert len(core_words("well said, sir, but nobody will listen")) == 7


def test_quotations_in_capitals_are_left_out() -> None:
    """In a comment all in capitals, only quotations and lists are left out, not every word."""
    assert core_words('HE SAID "SAB THEEK HAI" AND LEFT') == "he said and left".split()


@pytest.mark.parametrize(
    "comment",
    [
        "Dosa, idli, vada, pongal, upma, who needs cereal",
        "koregaon bhima, hathras, una, khairlanji: the list never ends",
        'AS THEY SAY IN HINDI, "ULTA CHOR KOTWAL KO DAANTE", AND IT FITS HERE',
    ],
)
def test_english_around_lists_and_quotations(scorer: LanguageScorer, comment: str) -> None:
    """Lists of dishes and places, and quotations in capitals, do not make English foreign."""
    assert scored(scorer, comment)[0] > 0.7


@pytest.mark.parametrize("comment", ["chor, lutere, makkar, jhoothe, sab ke sab ek jaise hai"])
def test_a_foreign_list_is_not_english(scorer: LanguageScorer, comment: str) -> None:
    """There must be English words outside the list."""
    assert scored(scorer, comment)[0] < 0.5


@pytest.mark.parametrize(
    "comment",
    [
        "AAP LOG TO MODI JI KO HI VOTE DOGE NA BHAI",
        "Aap Log To Modi Ji Ko Hi Vote Doge Na Bhai",
        "aap log to modi ji ko hi vote doge na bhai",
        "Aap Log Kab Tak Modi Ji ko vote Doge Na Bhai Logon",
    ],
)
def test_capitals_do_not_hide_a_language(scorer: LanguageScorer, comment: str) -> None:
    """Capitals mark names, but not if the whole comment is written with capitals."""
    assert scored(scorer, comment)[0] < 0.5


@pytest.mark.parametrize("comment", ["🙏🙏", "https://example.com/a", "100", "!!!", "@ravi #Modi"])
def test_no_language(scorer: LanguageScorer, comment: str) -> None:
    """A comment without words has no language and gets the score 1."""
    score, text = scored(scorer, comment)
    assert score == 1.0
    assert text.notes["language"] == "zxx"


@pytest.mark.parametrize(
    ("comment", "code"),
    [
        ("I think the minister is right.", "en"),
        ("यह सरकार किसी काम की नहीं है और जनता दुखी है", "hi"),
        ("এই সরকার কিছুই করবে না", "bn"),
        ("ഇത് വളരെ നല്ല വാർത്തയാണ്", "ml"),
        ("ಇದು ತುಂಬಾ ಒಳ್ಳೆಯ ಸುದ್ದಿ", "kn"),
        ("Правительство ничего не сделало для людей", "ru"),
        ("یہ حکومت عوام کے لیے کچھ نہیں کر رہی ہے", "ur"),
        ("これはとても良いニュースです", "ja"),
        ("这个政府什么都没做", "zh"),
        ("Die Regierung hat nichts für uns getan und wird es auch nicht.", "de"),
        ("El gobierno no ha hecho nada por nosotros", "es"),
        ("Le gouvernement n'a rien fait pour nous", "fr"),
        ("O governo não fez nada por nós", "pt"),
        ("bhai ye sarkar kisi kaam ki nahi hai", "hi-Latn"),
        ("ei sorkar kichui korbe na, sob chor ekhane", "bn-Latn"),
        ("intha arasu makkalukku onnum pannala enna solrathu", "ta-Latn"),
        ("ee prabhutvam prajalaki em chesindi cheppandi", "te-Latn"),
        ("nimma video thumba chennagide namma janarige beku", "kn-Latn"),
        ("ente ponno enthoru padam, lalettan poli aanu", "ml-Latn"),
        ("he sarkar kahi kamache nahi, lokanna kay milale", "mr-Latn"),
        ("aa sarkar kai kaam ni nathi, badha chor che", "gu-Latn"),
        ("eh sarkar kise kamm di nahi, sanu ki mileya", "pa-Latn"),
    ],
)
def test_languages_are_named(scorer: LanguageScorer, comment: str, code: str) -> None:
    """The language's code is noted, found by script or by the model."""
    score, text = scored(scorer, comment)
    assert text.notes["language"] == code
    assert (score >= 0.5) == (code == "en")


def test_score_does_not_depend_on_case_or_batch(scorer: LanguageScorer) -> None:
    """A comment without names has the same score alone, in a batch, and in capitals."""
    plain, other = read("this is not what we voted for"), read("yeh to hona hi tha")
    alone = scorer.score([plain])["english"][0]
    assert scorer.score([other, plain])["english"][1] == alone
    assert scorer.score([read(plain.raw.upper())])["english"][0] == alone


def test_a_foreign_script_is_certain(scorer: LanguageScorer) -> None:
    """A Latin word does not make Devanagari English, nor quoted Devanagari English foreign."""
    assert scored(scorer, "यह सरकार किसी काम की नहीं है, ok भाइयों")[0] < 0.05
    assert scored(scorer, 'They all shouted "भारत माता की जय" and then went home.')[0] > 0.7


def test_foreign_stretches(scorer: LanguageScorer) -> None:
    """The foreign words of a doubtful comment are noted as spans of the clean text."""
    _, text = scored(scorer, "नमस्ते everyone, यह बहुत गलत है भाइयों")
    marked = [text.clean[start:end] for start, end in text.notes["foreign"]]
    assert marked == ["नमस्ते", "यह बहुत गलत है भाइयों"]


def test_explain_names_english_words(scorer: LanguageScorer) -> None:
    """The English words weigh most, and the shares add up to one."""
    weights = scorer.explain(read("the government kuch nahi karegi"), "english")
    assert sum(weight.share for weight in weights) == pytest.approx(1.0)
    assert weights[0].start < len("the government")
    assert scorer.explain(read("🙏"), "english") == []


def test_langdetect_is_deterministic() -> None:
    """With its seed, langdetect gives the same answer each time."""
    assert {detect("हे सरकार काही कामाचे नाही आहे") for _ in range(5)} == {"mr"}
    assert detect("123") == "und"


def test_english_does_not_load_langdetect() -> None:
    """langdetect is not loaded for English comments."""
    code = (
        "import sys; from moderation import Moderator;"
        "list(Moderator.load().moderate_many(['The minister is right about this.']));"
        "assert 'langdetect' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own words


@pytest.mark.parametrize("char", ["a", " a", "'", '"', "अ", "@", "A ", "é"])
def test_long_hostile_text_is_scored(scorer: LanguageScorer, char: str) -> None:
    """20,000 characters of any kind get a probability."""
    score, _ = scored(scorer, char * (20_000 // len(char)))
    assert 0 <= score <= 1


def test_every_code_of_the_model_has_a_name(scorer: LanguageScorer) -> None:
    """Authors see a name, never a bare code."""
    assert [code for code in scorer.naming.languages if language_name(code) is None] == []


@pytest.mark.parametrize(
    "comment",
    [
        "Mere paas maa hai is the greatest dialogue in hindi cinema",
        "Kabhi alvida na kehna was the worst film of that whole year",
    ],
)
def test_english_around_a_foreign_title_is_doubtful(scorer: LanguageScorer, comment: str) -> None:
    """A title without quotation marks does not reject a comment; a person decides."""
    score, _ = scored(scorer, comment)
    assert score > 0.05


def test_one_english_word_in_ten_is_not_english(scorer: LanguageScorer) -> None:
    """The words around a foreign stretch must be most of the comment."""
    score, _ = scored(scorer, "bhai ye video bahut accha hai aur sab log dekho")
    assert score < 0.05
