"""quotations: what a comment quotes is found, and its author's own words are left."""

import time

import pytest

from moderation.comment import Comment, Format
from moderation.text.quotations import own_words


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("He said that you are a fool and left.", id="no marks"),
        pytest.param('"You are a fool, and I will say so again."', id="nothing around it"),
        pytest.param('I say: "You are a fool."', id="too little around it"),
        pytest.param('You and your "honest" "clean" friends are fools.', id="irony"),
        pytest.param("It's the fools' fault, isn't it, and the idiots' too.", id="apostrophes"),
        pytest.param('The 5" pipe and the 6" pipe, you fool, are not alike.', id="inches"),
        pytest.param('He began with "you are a fool and never ended the mark.', id="left open"),
        pytest.param("If 5 > 3 and 2 < 4, you are a fool all the same.", id="signs of mathematics"),
    ],
)
def test_must_not_find(comment: str) -> None:
    """Irony, apostrophes, inches and a comment that is all quotation quote nobody."""
    assert own_words(Comment(comment)) is None


@pytest.mark.parametrize(
    ("comment", "own"),
    [
        ('He told me "get lost, you fool" twice.', 'He told me "…" twice.'),
        ("She called him a “fool” in the house.", 'She called him a "…" in the house.'),
        ("The sign read ‘fools don’t vote here’, sadly.", 'The sign read "…", sadly.'),
        ("They shout 'fools don't vote here' at us all.", 'They shout "…" at us all.'),
        ("Er sagte „geh weg, du Narr“ zu mir.", 'Er sagte "…" zu mir.'),
        ("> You fool!\n> Go away.\nPlease do not speak so.", '"…"\n"…"\nPlease do not speak so.'),
    ],
)
def test_own_words(comment: str, own: str) -> None:
    """Each quotation becomes '"…"'."""
    left = own_words(Comment(comment, article="The vote"))
    assert left == Comment(own, article="The vote")


@pytest.mark.parametrize(
    ("comment", "own"),
    [
        pytest.param(
            "<blockquote><p>You fool!</p></blockquote><p>Please do not speak so.</p>",
            '"…"<p>Please do not speak so.</p>',
            id="blockquote",
        ),
        pytest.param(
            '<p class="a b c">He wrote <q cite="x">you fool</q> under my photo.</p>',
            '<p class="a b c">He wrote "…" under my photo.</p>',
            id="q, and attributes are no quotation",
        ),
    ],
)
def test_html(comment: str, own: str) -> None:
    """In HTML, elements quote too."""
    form: Format = "html"
    left = own_words(Comment(comment, format=form))
    assert left is not None
    assert left.text == own
    assert own_words(Comment("<blockquote>You fool!</blockquote>", format=form)) is None


@pytest.mark.parametrize("part", ['"', '"a ', "'a", "“", "> ", "<q>", "‘a’", '" "a"'])
def test_time_is_linear(part: str) -> None:
    """A comment of marks alone takes little time."""
    start = time.perf_counter()
    for form in ("plain", "html"):
        own_words(Comment(part * (20_000 // len(part)), format=form))
    assert time.perf_counter() - start < 5
