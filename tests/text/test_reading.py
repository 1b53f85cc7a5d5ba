"""reading: a text is read once, and every place leads back to the text as received."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.comment import Comment
from moderation.text.reading import read

# Pieces that reading changes, mixed with pieces that it leaves alone.
PIECES = st.lists(
    st.sampled_from(
        "idiot|Well said|&amp;|&#8217;|&nosuch;|&|\r\n|\r|\n| |’|“|…|Ｗｅｌｌ|𝓘𝓭𝓲𝓸𝓽|ﬁ|é|e\u0301"
        "|e\u0301\u0323\u0307\u0302\u0303|नमस्ते|کتاب|👨‍👩‍👧|🙏🏽|🇮🇳|\u200b|\u00ad|\u202e|\x07|<b>|</p>|<3|@ravi"
        "|https://example.com/a?b=c|P. Chidambaram|Rs. 500|™|½|\ufdfa|ß|İ".split("|")
    ),
    max_size=30,
)
RAW = st.one_of(PIECES.map("".join), st.text(max_size=80))
FORMATS = st.sampled_from(["plain", "html"])


@given(RAW, FORMATS)
def test_every_span_is_cut_from_the_raw_text(raw: str, form: str) -> None:
    """A token's span is inside the raw text, and its `text` is cut from there."""
    text = read(Comment(raw, format=form))  # type: ignore[arg-type]  # one of the two literals
    for token in text.tokens:
        span = text.span(token.start, token.end)
        assert 0 <= span.start < span.end <= len(raw)
        assert span.text == raw[span.start : span.end]


@given(RAW, FORMATS)
def test_spans_keep_the_order_of_the_tokens(raw: str, form: str) -> None:
    """Tokens have the same order in the clean text and in the raw text."""
    text = read(Comment(raw, format=form))  # type: ignore[arg-type]  # one of the two literals
    spans = [text.span(token.start, token.end) for token in text.tokens]
    assert [span.start for span in spans] == sorted(span.start for span in spans)


@given(st.lists(st.sampled_from(["a", "é", "न", " ", "\n", "x.", "9"]), max_size=60).map("".join))
def test_plain_text_is_its_own_clean_text(raw: str) -> None:
    """Ordinary letters in any script stay the same, and so do their places."""
    text = read(raw)
    assert text.clean == raw
    for token in text.tokens:
        span = text.span(token.start, token.end)
        assert (span.start, span.end) == (token.start, token.end)


@given(RAW)
def test_clean_text_hides_nothing(raw: str) -> None:
    """The clean text has no invisible characters and no control characters."""
    kinds = {unicodedata.category(char) for char in read(raw).clean if char not in "\n\t"}
    assert not kinds & {"Cc", "Cf"}


@pytest.mark.parametrize(
    ("raw", "word", "received"),
    [
        pytest.param("👨‍👩‍👧 you idiot", "idiot", "idiot", id="after an emoji of five code points"),
        pytest.param("AT&amp;T idiot", "idiot", "idiot", id="after an HTML entity"),
        pytest.param("a\r\nb\r\nidiot", "idiot", "idiot", id="after Windows line ends"),
        pytest.param("id\u200biot", "idiot", "id\u200biot", id="an invisible character inside"),
        pytest.param("id&#105;ot", "idiot", "id&#105;ot", id="an entity inside"),
        pytest.param("ｉｄｉｏｔ", "idiot", "ｉｄｉｏｔ", id="full-width letters"),
        pytest.param("𝓲𝓭𝓲𝓸𝓽!", "idiot", "𝓲𝓭𝓲𝓸𝓽", id="mathematical letters"),
        pytest.param("cafe\u0301 noir", "café", "cafe\u0301", id="a combining mark"),
        pytest.param("“don’t”", "don't", "don’t", id="curly quotes"),
        pytest.param("नमस्ते जी", "नमस्ते", "नमस्ते", id="Devanagari with its vowel signs"),
    ],
)
def test_span_of_a_word(raw: str, word: str, received: str) -> None:
    """The span of a clean word has the characters as received."""
    text = read(raw)
    start = text.clean.index(word)
    span = text.span(start, start + len(word))
    assert span.text == received
    assert raw[span.start : span.end] == received


def test_zalgo_is_cut() -> None:
    """Stacked marks are noise: a letter keeps three of them, and the text stays short."""
    clean = read("e" + "\u0301" * 100_000).clean
    assert len(clean) <= 4


def test_html_tags_and_blocks() -> None:
    """HTML comments lose their tags, and blocks end lines. In a plain comment '<b>' is text."""
    assert read(Comment("<p>One <b>two</b></p>", format="html")).clean == "\nOne two\n"
    assert read("One <b>two</b>").clean == "One <b>two</b>"


@pytest.mark.parametrize(
    ("raw", "kinds"),
    [
        pytest.param("P. Chidambaram", "word other word", id="an initial is a word"),
        pytest.param("He lied.In court", "word word other word word", id="no link without a space"),
        pytest.param("see example.com/a.", "word link other", id="a link ends before the stop"),
        pytest.param("a@b.in", "email", id="an address is not a link"),
        pytest.param("#Budget2026 Rs. 1,500.50", "hashtag word other number", id="money"),
        pytest.param("don't co-operate", "word word", id="inner apostrophes and hyphens"),
        pytest.param("🇮🇳 🙏🏽", "emoji emoji", id="flags and skin tones are one emoji"),
    ],
)
def test_kinds_of_tokens(raw: str, kinds: str) -> None:
    """Each token has the kind that a person would give it."""
    assert " ".join(token.kind for token in read(raw).tokens) == kinds


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param("a" * 20_000, id="no space"),
        pytest.param("<" * 20_000, id="open tags"),
        pytest.param("&" * 20_000, id="ampersands"),
        pytest.param("a." * 10_000, id="dots"),
        pytest.param("a@" * 10_000, id="half addresses"),
        pytest.param("www." * 5_000, id="half links"),
        pytest.param("1," * 10_000, id="half numbers"),
        pytest.param("\u0301" * 20_000, id="marks"),
        pytest.param("a-" * 10_000, id="hyphens"),
        pytest.param("<!--" * 5_000, id="comments of HTML"),
        pytest.param("😀\u200d" * 10_000, id="joined emoji"),
    ],
)
def test_hostile_text_is_read_whole(hostile: str) -> None:
    """Reading gets to the end of a text built to be slow. Pieces and tokens grow no faster."""
    text = read(Comment(hostile, format="html"))
    assert len(text.pieces) <= len(hostile) + 1
    assert len(text.tokens) <= len(hostile)
    assert len(text.sentences) <= len(hostile)
