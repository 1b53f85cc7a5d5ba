"""word_list: the rule finds the operator's words, whole, in all forms and disguises."""

from pathlib import Path

import pytest

from moderation.policy import Policy, PolicyError
from moderation.rules.word_list import Settings, check
from moderation.text.reading import read

_RUDE = "ass cock cunt dick shit cum penis sex tit lal bhosda idiot stupid lun fuck spic rap"
_SETTINGS = Settings(banned=tuple(_RUDE.split()), suspect=("jumla", "chai wala"))


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("Scunthorpe and Penistone are in Sussex.", id="places that hold a word"),
        pytest.param("A specialist, a class, we assess a cocktail.", id="words that hold a word"),
        pytest.param("Mr Dikshit, Nishit and Shital live at Kuan.", id="names that hold a word"),
        pytest.param("Hancock, Cumming, Cummings, Spicer, Bhosale", id="names like a form"),
        pytest.param("Dickens wrote about titles, wrappers, and grass.", id="beginnings"),
        pytest.param("The A55, $5, 5sp, 100 crore and 10am", id="figures"),
        pytest.param("https://example.com/idiot and www.example.com/a/idiot", id="links"),
        pytest.param("director@idiot.example.com", id="an address"),
        pytest.param("a chai, wala", id="a phrase with a sign in it"),
        pytest.param("the T.I.T. and a C.U.M.", id="dotted acronyms"),
        pytest.param("as* per terms", id="a footnote"),
        pytest.param("मूर्खता", id="another script"),
    ],
)
def test_must_not_fire(comment: str) -> None:
    """Only whole words count."""
    settings = _SETTINGS.model_copy(
        update={"banned": tuple(w for w in _RUDE.split() if w != "lal")}
    )
    assert check(read(comment), settings) is None


@pytest.mark.parametrize(
    ("comment", "word"),
    [
        ("What an idiot!", "idiot"),
        ("IDIOTS", "IDIOTS"),
        ("the idiot's plan", "idiot's"),
        ("the idiot’s plan", "idiot’s"),
        ("fucking it up", "fucking"),
        ("you i.d.i.o.t you", "i.d.i.o.t"),
        ("you i d i o t", "i d i o t"),
        ("an 1d10t.", "1d10t"),
        ("&#105;diot", "&#105;diot"),
        ("stuuupid!", "stuuupid"),
        ("sh!t", "sh!t"),
        ("st*pid", "st*pid"),
        ("id-iot", "id-iot"),
        ("іdіоt", "іdіоt"),
        ("a ｊumla", "ｊumla"),
        ("jum.la and j.u.m.l.a", "jum.la"),
        ("J-U-M-L-A", "J-U-M-L-A"),
        ("such jum1a and jum*as", "jum1a"),
        ("a chai-wala", "chai-wala"),
        ("the Chai Walas", "Chai Walas"),
    ],
)
def test_fires(comment: str, word: str) -> None:
    """The rule finds forms and disguises. The span is exactly what the author typed."""
    finding = check(read(comment), _SETTINGS)
    assert finding is not None
    assert finding.spans[0].text == word
    assert f"“{word}”" in finding.message


def test_scores() -> None:
    """Banned words score 1, suspect ones the setting. The message names up to three words."""
    suspect = check(read("jumla"), Settings(suspect=("jumla",), suspect_score=0.4))
    assert suspect is not None
    assert suspect.score == 0.4
    both = check(read("a jumla, an idiot, jumla"), _SETTINGS)
    assert both is not None
    assert both.score == 1.0
    assert both.message == "Please say it without “jumla” and “idiot”."
    assert len(both.spans) == 3


def test_allowed_wins() -> None:
    """An allowed word or phrase wins over a list, and over a banned word within it."""
    settings = Settings(
        banned=("cock", "kutta", "moby dick", "dick"), allowed=("cock-a-hoop", "kutta")
    )
    assert check(read("He was cock-a-hoop about his Kutta."), settings) is None
    finding = check(read("Moby Dick is a cock."), settings)
    assert finding is not None
    assert [span.text for span in finding.spans] == ["Moby Dick", "cock"]


def test_shipped_words() -> None:
    """The strongest words are shipped, and an operator can leave them out."""
    assert check(read("Tu chutiya hai"), Settings()) is not None
    assert check(read("हरामज़ादा और हरामज़ादा"), Settings()) is not None
    assert check(read("Tu chutiya hai"), Settings(shipped=False)) is None
    for phrase in ("Just kys.", "k1ll yourself", "Kill  yourselves"):
        assert check(read(phrase), Settings()) is not None, phrase
    assert check(read("Niki Lauda, a fag end, the mother lode, a chink"), Settings()) is None


def test_files_beside_the_policy(tmp_path: Path) -> None:
    """Paths are relative to the policy's folder, and other words give another hash."""
    words = tmp_path / "banned.txt"
    words.write_text("# ours\nzumba  # a dance\n\nbad phrase\n", "utf-8")
    policy = tmp_path / "mine.toml"
    policy.write_text('[word_list]\nbanned_file = "banned.txt"\n', "utf-8")
    loaded = Policy.load(policy)
    finding = loaded.rules["word_list"].check(read("Zumba, a dance"))
    assert finding is not None
    assert [span.text for span in finding.spans] == ["Zumba"]
    words.write_text("another\n", "utf-8")
    assert Policy.load(policy).hash != loaded.hash


def test_missing_file() -> None:
    """For a missing file, the policy's error names the table and key."""
    with pytest.raises(PolicyError, match=r"\[word_list\] banned_file: there is no such file"):
        Policy.load({"word_list": {"banned_file": "nowhere.txt"}})


def test_endless_stars_and_signs() -> None:
    """The check returns whatever the comment."""
    for odd in ("i*" * 5_000, "i*t " * 5_000, "1a" * 5_000, "idiot " * 3_000, "!" * 9_000):
        check(read(odd), _SETTINGS)
