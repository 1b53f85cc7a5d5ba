"""The language reader: what it reads, what it leaves out, what it notes."""

import json
import subprocess
import sys

import pytest

from moderation.scoring import models, store
from moderation.scoring.language import LanguageScorer, own_words, words_of
from moderation.scoring.languages import called, detected, latin_share
from moderation.text.reading import Text, read

_VERSION = json.loads((store.SHIPPED / "champion.json").read_text("utf-8"))["language"]


@pytest.fixture(scope="module")
def reader() -> LanguageScorer:
    """The shipped language model alone."""
    found = models.load(store.SHIPPED / "language" / _VERSION)
    assert isinstance(found, LanguageScorer)
    return found


def looked_at(reader: LanguageScorer, comment: str) -> tuple[float, Text]:
    """The score, and the text with its notes."""
    text = read(comment)
    return float(reader.score([text])["english"][0]), text


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
def test_what_carries_no_language_is_left_out(comment: str, words: list[str]) -> None:
    """Only words are judged."""
    assert words_of(read(comment)) == words


def test_latin_share() -> None:
    """Letters are counted, not words; accents are Latin too."""
    assert latin_share(["où", "été"]) == 1.0
    assert latin_share(["नमक"]) == 0.0


def test_names_and_quotations_are_left_out() -> None:
    """A capital at the start of a sentence says nothing, one inside it makes a name."""
    left = own_words('Yesterday Amit Shah told "sab theek hai" to Delhi. Nobody believed it.')
    assert left == ["Yesterday", "told", "to", "Nobody", "believed", "it"]


def test_lists_are_left_out() -> None:
    """What stands in a row with commas is names or things; two clauses are no list."""
    assert (
        own_words("idli, vada, masala dosa and upma, who eats cereal") == "who eats cereal".split()
    )
    assert len(own_words("well said, sir, but nobody will listen")) == 7


def test_capitals_hide_no_quotation() -> None:
    """In a comment wholly in capitals only quotations and lists are left out, not every word."""
    assert own_words('HE SAID "SAB THEEK HAI" AND LEFT') == "he said and left".split()


@pytest.mark.parametrize(
    "comment",
    [
        "Dosa, idli, vada, pongal, upma, who needs cereal",
        "koregaon bhima, hathras, una, khairlanji: the list never ends",
        'AS THEY SAY IN HINDI, "ULTA CHOR KOTWAL KO DAANTE", AND IT FITS HERE',
    ],
)
def test_english_around_lists_and_quotations(reader: LanguageScorer, comment: str) -> None:
    """Names of dishes and places in a row, and quotations in capitals, leave English English."""
    assert looked_at(reader, comment)[0] > 0.7


@pytest.mark.parametrize("comment", ["chor, lutere, makkar, jhoothe, sab ke sab ek jaise hai"])
def test_a_list_makes_nothing_english(reader: LanguageScorer, comment: str) -> None:
    """Beside a list there must be English words."""
    assert looked_at(reader, comment)[0] < 0.5


@pytest.mark.parametrize(
    "comment",
    [
        "AAP LOG TO MODI JI KO HI VOTE DOGE NA BHAI",
        "Aap Log To Modi Ji Ko Hi Vote Doge Na Bhai",
        "aap log to modi ji ko hi vote doge na bhai",
        "Aap Log Kab Tak Modi Ji ko vote Doge Na Bhai Logon",
    ],
)
def test_capitals_do_not_hide_a_language(reader: LanguageScorer, comment: str) -> None:
    """The second look is for names, not for whole comments written with capitals."""
    assert looked_at(reader, comment)[0] < 0.5


@pytest.mark.parametrize("comment", ["🙏🙏", "https://example.com/a", "100", "!!!", "@ravi #Modi"])
def test_no_language(reader: LanguageScorer, comment: str) -> None:
    """What has no words has no language, and nothing speaks against it."""
    score, text = looked_at(reader, comment)
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
def test_languages_are_named(reader: LanguageScorer, comment: str, code: str) -> None:
    """The code of the language is noted, by script or by model."""
    score, text = looked_at(reader, comment)
    assert text.notes["language"] == code
    assert (score >= 0.5) == (code == "en")


def test_case_and_company_change_nothing(reader: LanguageScorer) -> None:
    """A comment has the same score alone, in a batch, and in capitals where it has no names."""
    plain, other = read("this is not what we voted for"), read("yeh to hona hi tha")
    alone = reader.score([plain])["english"][0]
    assert reader.score([other, plain])["english"][1] == alone
    assert reader.score([read(plain.raw.upper())])["english"][0] == alone


def test_a_foreign_script_is_sure(reader: LanguageScorer) -> None:
    """One Latin word does not make Devanagari doubtful; quoted Devanagari leaves English alone."""
    assert looked_at(reader, "यह सरकार किसी काम की नहीं है, ok भाइयों")[0] < 0.05
    assert looked_at(reader, 'They all shouted "भारत माता की जय" and then went home.')[0] > 0.7


def test_foreign_stretches(reader: LanguageScorer) -> None:
    """The foreign words of a doubtful comment are noted as stretches of the clean text."""
    _, text = looked_at(reader, "नमस्ते everyone, यह बहुत गलत है भाइयों")
    marked = [text.clean[start:end] for start, end in text.notes["foreign"]]
    assert marked == ["नमस्ते", "यह बहुत गलत है भाइयों"]


def test_explain_names_english_words(reader: LanguageScorer) -> None:
    """What speaks for English is the English words, their shares adding up to one."""
    weights = reader.explain(read("the government kuch nahi karegi"), "english")
    assert sum(weight.share for weight in weights) == pytest.approx(1.0)
    assert weights[0].start < len("the government")
    assert reader.explain(read("🙏"), "english") == []


def test_langdetect_answers_alike_each_time() -> None:
    """Seeded, langdetect does not change its mind."""
    assert {detected("हे सरकार काही कामाचे नाही आहे") for _ in range(5)} == {"mr"}
    assert detected("123") == "und"


def test_english_does_not_load_langdetect() -> None:
    """langdetect stays off the path of English comments."""
    code = (
        "import sys; from moderation import Moderator;"
        "list(Moderator.load().moderate_many(['The minister is right about this.']));"
        "assert 'langdetect' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own words


@pytest.mark.parametrize("char", ["a", " a", "'", '"', "अ", "@", "A ", "é"])
def test_long_hostile_text_is_read(reader: LanguageScorer, char: str) -> None:
    """20,000 characters of anything get a probability."""
    score, _ = looked_at(reader, char * (20_000 // len(char)))
    assert 0 <= score <= 1


def test_every_code_of_the_model_has_a_name(reader: LanguageScorer) -> None:
    """No author reads a bare code."""
    assert [code for code in reader.naming.languages if called(code) is None] == []


@pytest.mark.parametrize(
    "comment",
    [
        "Mere paas maa hai is the greatest dialogue in hindi cinema",
        "Kabhi alvida na kehna was the worst film of that whole year",
    ],
)
def test_english_around_a_foreign_title_is_never_beyond_doubt(
    reader: LanguageScorer, comment: str
) -> None:
    """A title without quotation marks does not get a comment rejected; a person may look."""
    score, _ = looked_at(reader, comment)
    assert score > 0.05


def test_one_english_word_in_ten_is_not_english(reader: LanguageScorer) -> None:
    """What stands around a foreign stretch must be most of the comment."""
    score, _ = looked_at(reader, "bhai ye video bahut accha hai aur sab log dekho")
    assert score < 0.05
