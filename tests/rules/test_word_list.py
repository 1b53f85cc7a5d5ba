"""word_list: the rule finds the operator's words, whole, in all forms and disguises."""

from pathlib import Path

import pytest

from moderation.policy import Policy, PolicyError
from moderation.rules.word_list import Settings, check, readings
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


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("Mr Dilip Chutia teaches in Jorhat.", id="surname with a title"),
        pytest.param("Pranjal Chutia batted well.", id="surname after a name"),
        pytest.param("Dr. Chutia's clinic is closed.", id="surname after a title alone"),
        pytest.param("Assam's Chutia tribe wants a council.", id="community"),
        pytest.param("the chutia community of Sadiya", id="community in small letters"),
        pytest.param("The Chutias are among Assam's old peoples.", id="community in the plural"),
        pytest.param("Take a bus to Katwa.", id="town after a preposition"),
        pytest.param("katwa junction needs a lift", id="station in small letters"),
        pytest.param("The Bandel-Katwa line is late.", id="railway line"),
        pytest.param("Kike Sola scored again.", id="first name"),
        pytest.param('Enrique "Kike" Bermúdez wrote it.', id="nickname in quotation marks"),
        pytest.param("Chinki Sharma has passed.", id="Indian first name"),
        pytest.param("Her name is Chinki.", id="first name alone"),
        pytest.param("Kike and his wife moved to Madrid.", id="first name with a wife"),
        pytest.param("Kike was poor in midfield.", id="first name in a match report"),
        pytest.param("Mind the Katwa-Howrah road.", id="road between two towns"),
        pytest.param("The hijda community has rights.", id="community with a harsh name"),
        pytest.param("Kike's penalty won it.", id="first name in the possessive"),
        pytest.param("Mr. Gandu is a potter, and so is the Gook family.", id="rare surnames"),
        pytest.param("Our Labrador bitch has had a litter of seven.", id="dog and her litter"),
        pytest.param("A stray bitch with pups lives there.", id="stray dog"),
        pytest.param("Operation Wetback was in 1954.", id="operation"),
        pytest.param("Faggots and peas for tea.", id="dish"),
        pytest.param("KYS members marched to the campus.", id="students' union"),
    ],
)
def test_names_on_the_shipped_list(comment: str) -> None:
    """A shipped word is spared where the text shows a name. An operator's word never is."""
    assert check(read(comment), Settings()) is None
    words = (
        "chutia",
        "katwa",
        "kike",
        "chinki",
        "gandu",
        "hijda",
        "bitch",
        "wetback",
        "faggot",
        "kys",
    )
    assert check(read(comment), Settings(banned=words)) is not None


@pytest.mark.parametrize(
    "comment",
    [
        "You Chutia!",
        "Rahul Chutia hai",
        "These chutia people voted for him.",
        "Modi Chutia said it again.",
        "He is such a Kike.",
        "Kike bankers own it.",
        "That Kike's bank took it.",
        "Gandu Sharma lies.",
        "Chinki People should leave.",
        "Go home, chinki.",
        "They called her Chinki.",
        "Those Katwa log are here.",
        "What a bitch she is, puppies and all!",
        "KYS and your dog",
        "Look at these hijdas.",
        "The word hijda hurts.",
        "Chut1a community",
    ],
)
def test_slurs_that_are_names(comment: str) -> None:
    """The same words fire where they are slurs, or where the text leaves it in doubt."""
    assert check(read(comment), Settings()) is not None


@pytest.mark.parametrize(
    ("entry", "comment"),
    [
        pytest.param("C++", "Vitamin C, plan C and grade C+", id="the letter alone"),
        pytest.param("C++", "C+++", id="one sign more"),
        pytest.param("C#", "C sharp, a C and #C", id="a letter beside a sign"),
        pytest.param("U.P.", "Get up. Stand up!", id="the word with the same letters"),
        pytest.param("U.P.", "the U.P.A. government", id="a longer acronym"),
        pytest.param("Jan. 6", "Jan. 60, January 6", id="a longer figure"),
        pytest.param("at&t", "at t, matt&tom", id="the letters around a sign"),
        pytest.param(".net", "planet and the net", id="a sign at the beginning"),
        pytest.param("love jihad", "#LoveLetters #Jihad #gloves", id="hashtags with one word"),
        pytest.param("pen is", "#PenIsland", id="hashtag whose parts hold the entry's letters"),
        pytest.param("idiot", "#IdiotaDeMente #Idiotville", id="longer words of a hashtag"),
    ],
)
def test_signs_must_not_fire(entry: str, comment: str) -> None:
    """An entry with signs needs these signs, and a hashtag the entry's whole words."""
    assert check(read(comment), Settings(banned=(entry,), shipped=False)) is None


@pytest.mark.parametrize(
    ("entry", "comment", "span"),
    [
        ("C++", "Is (c++) fun?", "c++"),
        ("C++", "C++'s syntax", "C++"),
        ("C#", "In C#, too.", "C#"),
        (".net", "We use .NET here.", ".NET"),
        ("U.P.", "He left U.P. in May.", "U.P."),
        ("Jan. 6", "since Jan. 6", "Jan. 6"),
        ("at&t", "AT&amp;T is down", "AT&amp;T"),
        ("don’t", "Please don't.", "don't"),
        ("evil.example.com", "see https://evil.example.com/a", "evil.example.com"),
        ("@ravi", "ask @Ravi", "@Ravi"),
        ("love jihad", "#LoveJihad", "LoveJihad"),
        ("love jihad", "#lovejihad", "lovejihad"),
        ("love jihad", "#love_jihad", "love_jihad"),
        ("love jihad", "#StopLoveJihadNow", "LoveJihad"),
        ("love jihad", "#stoplovejihad", "lovejihad"),
        ("jumla", "#NoMoreJumlas", "Jumlas"),
        ("जुमला", "#जुमला_सरकार", "जुमला"),
    ],
)
def test_signs_and_hashtags(entry: str, comment: str, span: str) -> None:
    """Entries with signs match as they are written. Hashtags are split into words."""
    finding = check(read(comment), Settings(banned=(entry,), shipped=False))
    assert finding is not None
    assert [span.text for span in finding.spans] == [span]


@pytest.mark.parametrize("entry", ["A.", "x", "'b'", "7", "+", "...", " ", "-"])
def test_unusable_entries(entry: str, tmp_path: Path) -> None:
    """The policy refuses an entry that cannot match, or one letter, with its key or line."""
    with pytest.raises(PolicyError, match=r"\[word_list\] banned\.1: must "):
        Policy.load({"word_list": {"banned": ["fine", entry]}})
    if entry.strip():
        (tmp_path / "banned.txt").write_text(f"fine\n\nC#\n{entry}\n", "utf-8")
        (tmp_path / "mine.toml").write_text('[word_list]\nbanned_file = "banned.txt"\n', "utf-8")
        with pytest.raises(PolicyError, match=r"banned_file: .*banned\.txt, line 4: .* must "):
            Policy.load(tmp_path / "mine.toml")


@pytest.mark.parametrize("entry", ["死", "🐖", "$$", "ok", "C#", "R&D", "É.T."])
def test_short_entries(entry: str) -> None:
    """Short entries that are more than a letter are fine, and match themselves."""
    settings = Settings(banned=(entry,), shipped=False)
    assert check(read(f"see {entry} here"), settings) is not None


def test_readings() -> None:
    """Each reading's texts match the entry, or do not."""
    settings = Settings(banned=("C++", "love jihad"), suspect=("jumla",), allowed=("cock-a-hoop",))
    listed = [*readings(settings)]
    assert [reading.key for reading in listed] == ["banned", "banned", "suspect", "allowed"]
    for reading in listed:
        alone = Settings(banned=(reading.entry,), shipped=False)
        assert len(reading.matches) == 2
        assert len(reading.misses) == 1
        assert all(check(read(text), alone) for text in reading.matches)
        assert not any(check(read(text), alone) for text in reading.misses)


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
