"""text_speak: the rule finds 'u' for 'you', but no initials."""

import pytest

from moderation.comment import Comment
from moderation.rules.text_speak import Settings, check
from moderation.text.reading import read


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("D. Raja and P. Chidambaram spoke in the House.", id="initials with a stop"),
        pytest.param("D Raja met N Ram, S D Burman and C N R Rao.", id="initials without a stop"),
        pytest.param("U R Rao led ISRO; U. R. Ananthamurthy wrote.", id="initials that spell U R"),
        pytest.param("K R NARAYANAN WAS OUR PRESIDENT.", id="initials in a comment in capitals"),
        pytest.param("Francis d Souza writes well.", id="part of a surname"),
        pytest.param("The U.P. govt. and the u.s. army", id="abbreviation with stops"),
        pytest.param("I.N.D.I.A. against N.D.A.", id="dotted acronym"),
        pytest.param("i n d i a and U S A", id="spelled out with spaces"),
        pytest.param("R n D, R&D, R & d and Q n A cost money.", id="letters joined by n or &"),
        pytest.param("rock n roll, fish n chips, Johnson n Johnson", id="fixed phrases"),
        pytest.param("I said it n number of times.", id="n number, as India says"),
        pytest.param("Take Vitamin D, or vitamin d.", id="vitamin"),
        pytest.param("A U turn, a u turn and the U of T", id="shapes and universities"),
        pytest.param("Plan B, Group D and class d posts", id="labels of groups"),
        pytest.param("Section 2 d of the Act, and 4 d", id="a letter after a number"),
        pytest.param("a) this b) that d) the rest n) more", id="list labels"),
        pytest.param("He is 5 m tall; plan b and vitamin c help.", id="units and labels"),
        pytest.param("He is n idiot", id="n that can't be 'and'"),
        pytest.param("R v Smith was decided then.", id="a case in court"),
        pytest.param("Let n = 5, or x and y are equal.", id="mathematics"),
        pytest.param("At 5 p m or 6 P.M. sharp", id="times"),
        pytest.param("r/india, u/someone and -n py", id="paths, handles and options"),
        pytest.param("Mail pls@example.com or see www.plz.com", id="addresses and links"),
        pytest.param("#plz @pls", id="hashtags and mentions"),
        pytest.param("The govt sent a msg with info.", id="abbreviations a newspaper prints"),
        pytest.param("Bt cotton, BT and the PPL", id="acronyms that look like it"),
        pytest.param("Mr Dey was at Angkor Wat.", id="names that look like it"),
        pytest.param("They dis him and dis her.", id="dis, a verb"),
        pytest.param("We live in Qu?bec, da*n.", id="a letter that a bad encoding cut off"),
        pytest.param("He did it ’n’ left. Rock ’n’ roll!", id="n between apostrophes"),
        pytest.param("यह डी राजा है।", id="another script"),
        pytest.param("cartoons by r k laxman, songs by k s chithra", id="initials"),
        pytest.param("d. raja and v s achuthanandan met d raja", id="d before a name"),
        pytest.param("governor r n ravi and n ram, the editor", id="n before a name"),
        pytest.param("director r balki and actor r madhavan", id="r before a name"),
        pytest.param("novels by u r ananthamurthy and d r bendre", id="u r before a name"),
        pytest.param("m a baby and b a khan came", id="initials that end in a"),
        pytest.param("JD(U), JD(S) and RLD(u) split.", id="parties"),
        pytest.param("Clause (u), item (n), Section 2(d)", id="labels in brackets"),
        pytest.param("clause u, platform n, type r plugs", id="labels without brackets"),
        pytest.param("v = u + at and n = 5", id="formulas"),
        pytest.param("Let u be the speed and n the mass, then n × u is constant.", id="symbols"),
        pytest.param("The r value was 0.4.", id="r, a statistic"),
        pytest.param("Take the M8, then the m8 to Glasgow.", id="a road"),
        pytest.param("B4 paper; he played the pawn to b4.", id="paper and chess"),
        pytest.param("vitamin b4 and the W8 postcode", id="a vitamin and a district"),
        pytest.param("Abraham left Ur. Ur is old, and the ruins at Ur too.", id="a city"),
        pytest.param("Luv Sinha lost; Luv and Kush won.", id="Luv, a name"),
        pytest.param("Wil Wright and Wat Tyler, Wat Arun", id="first names and a temple"),
        pytest.param("Devaraj Urs was there. The Ajmer urs begins.", id="a surname and a feast"),
        pytest.param("my gd and GD rounds, hv cables, hw due today", id="other abbreviations"),
        pytest.param("They make gud from sugarcane.", id="gud, jaggery"),
        pytest.param("Hav. Joginder Singh won the medal.", id="a rank"),
        pytest.param("d gukesh and r praggnanandhaa won; rahul d souza lost.", id="unknown names"),
        pytest.param("1. e4 e5 2. Nf3 and then b4", id="a game of chess"),
        pytest.param("Cohen's d was small, and d is the distance.", id="d, a symbol"),
    ],
)
def test_must_not_fire(comment: str) -> None:
    """Initials, labels, names, mathematics and acronyms are not text speak."""
    assert check(read(comment), Settings()) is None


@pytest.mark.parametrize(
    ("comment", "words", "suggestion"),
    [
        ("u", ["u"], "you"),
        ("Can U tell me why?", ["U"], "Can you tell me why?"),
        ("I love u.", ["u"], "I love you."),
        ("u r right", ["u", "r"], "you are right"),
        ("how r u", ["r", "u"], "how are you"),
        ("y r u angry", ["y", "r", "u"], "why are you angry"),
        ("Plz tell d govt", ["Plz", "d"], "Please tell the govt"),
        ("Modi n Shah won.", ["n"], "Modi and Shah won."),
        ("v should go b4 dis is over", ["v", "b4", "dis"], "we should go before this is over"),
        ("ur right", ["ur"], "you're right"),
        ("ur house", ["ur"], "your house"),
        ("U R AN IDIOT PLZ", ["U", "R", "PLZ"], "YOU ARE AN IDIOT PLEASE"),
        ("This is gr8, ppl!", ["gr8", "ppl"], "This is great, people!"),
        ("they r the best", ["r"], "they are the best"),
        ("U r wonderfull", ["U", "r"], "You are wonderfull"),
        ("modi n shah r in delhi", ["n", "r"], "modi and shah are in delhi"),
        ("roads r bad", ["r"], "roads are bad"),
        ("Y can't they", ["Y"], "Why can't they"),
        ("Ur paper is right", ["Ur"], "Your paper is right"),
        ("luv u all", ["luv", "u"], "love you all"),
        ("gd mrng", ["gd", "mrng"], "good morning"),
        ("come b4 monday, m8", ["b4", "m8"], "come before monday, mate"),
    ],
)
def test_fires(comment: str, words: list[str], suggestion: str) -> None:
    """The finding marks each word. The suggestion is the whole comment with all spelled out."""
    finding = check(read(comment), Settings())
    assert finding is not None
    assert [span.text for span in finding.spans] == words
    assert finding.suggestion == suggestion


def test_message_names_the_words() -> None:
    """The message names the first two words and what to write instead."""
    single = check(read("u"), Settings())
    many = check(read("Plz ask ur ppl n u"), Settings())
    assert single is not None
    assert many is not None
    assert single.message == "Write “you” instead of “u”."
    assert many.message == "Write “please” instead of “plz” and “your” instead of “ur”."


def test_score_grows() -> None:
    """More words of text speak, or a larger share of them, score higher, up to 1."""
    rest = " and all the others of us will have to wait for the court to speak about it again"
    scores = [
        finding.score
        for text in ("u and" + rest, "u n me" + rest, "plz plz plz plz plz plz" + rest)
        if (finding := check(read(text), Settings()))
    ]
    assert scores == sorted(scores)
    assert scores[0] < 0.25
    assert scores[-1] == 1.0


def test_allowed_words() -> None:
    """The rule ignores a word that the newspaper allows, whatever its case."""
    assert check(read("Thx! THX! thx"), Settings(allowed=frozenset({"thx"}))) is None


def test_author_characters() -> None:
    """Spans and suggestion keep emoji, entities and line ends as received."""
    finding = check(read("🙏🏽 plz\r\nAT&amp;T &quot;u&quot;"), Settings())
    assert finding is not None
    assert [(span.start, span.end, span.text) for span in finding.spans] == [
        (3, 6, "plz"),
        (23, 24, "u"),
    ]
    assert finding.suggestion == "🙏🏽 please\r\nAT&amp;T &quot;you&quot;"


def test_html_tags_are_kept() -> None:
    """The suggestion does not rewrite a word with a tag in it, because that would lose the tag."""
    finding = check(read(Comment("<b>p</b>lz and u", format="html")), Settings())
    assert finding is not None
    assert finding.suggestion == "<b>p</b>lz and you"
    alone = check(read(Comment("<b>p</b>lz", format="html")), Settings())
    assert alone is not None
    assert alone.suggestion is None
