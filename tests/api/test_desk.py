"""The *try a comment* page as it comes from the server, without a browser."""

import html
import re
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from api import create_app
from api.desk.marks import pieces
from moderation import Action, Finding, Moderator
from moderation.decision import Reason, Span
from moderation.scoring.models import Models
from moderation.scoring.scorer import Probabilities
from moderation.text.reading import Text
from tests.api.conftest import WordScorer, small_moderator


def tried(client: FlaskClient, text: str, **more: str) -> str:
    """The page after a comment is sent by the form."""
    return client.post("/try", data={"text": text, **more}).text


def reason(text: str, *places: tuple[int, int]) -> Reason:
    """A reason that names these places."""
    spans = tuple(Span(start, end, text[start:end]) for start, end in places)
    return Reason(Finding("rule", 1.0, "Mend it.", spans), "A guideline.", Action.REVIEW)


def test_the_front_door_leads_to_the_page(client: FlaskClient) -> None:
    """`/` is the page, and it can be read before anything is sent."""
    answer = client.get("/", follow_redirects=True)
    assert answer.request.path == "/try"
    assert "<h1>Try a comment</h1>" in answer.text


@pytest.mark.parametrize(
    ("text", "heading"),
    [("Well said.", "Published"), ("LOUD", "Waits for a person"), ("u idiot", "Not published")],
)
def test_each_action_has_its_words(client: FlaskClient, text: str, heading: str) -> None:
    """The action is said in words, not by colour."""
    assert re.search(rf"<h2[^>]*>{heading}</h2>", tried(client, text))


def test_reasons_and_letter(client: FlaskClient) -> None:
    """Guideline, message, score and thresholds stand there, and what the author would get."""
    page = tried(client, "LOUD 🙏")
    for part in ("Do not write in capitals.", "Score 0.80", "a person from 0.60", "Test Herald"):
        assert part in page
    assert page.count("Use capital letters only where they belong.") == 2


def test_the_mark_is_on_the_word(client: FlaskClient) -> None:
    """What is marked is what the check named, after emoji and line ends too."""
    page = tried(client, "👩‍👩‍👧\r\nIt is LOUD, 🙏 u see.")
    (marked,) = re.findall(r"<mark[^>]*>(.*?)<sup>", page)
    assert marked == "LOUD"


def test_nothing_of_the_comment_is_markup(client: FlaskClient) -> None:
    """Markup in a comment is shown as text, in and out of the form's fields."""
    attack = "\"'><SCRIPT>alert(1)</SCRIPT><img src=x onerror=alert(1)></textarea>{{ 7 * 7 }}"
    page = tried(client, attack, article=attack)
    assert "<SCRIPT" not in page
    assert "<img" not in page
    assert page.count("</textarea>") == 1
    assert html.unescape(page).count("{{ 7 * 7 }}") == 3
    assert 'value="&#34;' in page


@pytest.mark.parametrize(
    "text", ["", "  ", "\0", "x" * 20_481], ids=["none", "space", "NUL", "long"]
)
def test_a_mistake_is_told_at_the_field(client: FlaskClient, text: str) -> None:
    """The field is named invalid and described by what is wrong, and keeps what was typed."""
    answer = client.post("/try", data={"text": text})
    assert answer.status_code == 422
    assert 'aria-invalid="true" aria-describedby="mistake"' in answer.text
    assert 'id="mistake" class="mistake" role="alert"' in answer.text


@pytest.mark.parametrize("article", ["x" * 100_001, "a\0b"], ids=["long", "NUL"])
def test_a_mistake_in_the_article_is_told_at_its_field(client: FlaskClient, article: str) -> None:
    """As the API refuses it."""
    answer = client.post("/try", data={"text": "Well said.", "article": article})
    assert answer.status_code == 422
    assert re.search(r'<input id="article"[^>]*aria-invalid="true"', answer.text)
    assert not re.search(r'<textarea[^>]*aria-invalid="true"', answer.text)
    assert "The article " in answer.text


class Slow(WordScorer):
    """Takes its time for 'slow' comments."""

    def __init__(self) -> None:
        self.began, self.goes_on = threading.Event(), threading.Event()

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """As before, but later."""
        if any("slow" in text.clean for text in texts):
            self.began.set()
            assert self.goes_on.wait(60)
        return super().score(texts)


def test_one_comment_at_a_time() -> None:
    """While one is read the next is asked to wait, at once; the API is not held up."""
    small, reader = small_moderator(), Slow()
    models = Models({"abuse": reader}, {"abuse": "2026-01"})
    app = create_app({"TESTING": True}, moderator=Moderator(small.policy, models))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(tried, app.test_client(), "A slow one.")
        assert reader.began.wait(60)
        client = app.test_client()
        second = client.post("/try", data={"text": "Well said."})
        decided = client.post("/v1/moderate", json={"text": "Well said.", "dry_run": True})
        reader.goes_on.set()
    assert (second.status_code, second.headers["Retry-After"]) == (503, "2")
    assert second.mimetype == "text/html"
    assert "Another comment is being read just now." in second.text
    assert "Well said.</textarea>" in second.text
    assert decided.status_code == 200
    assert "Published" in first.result()
    assert "Published" in tried(client, "Well said.")


@pytest.mark.parametrize(
    "path", ["/try", "/docs", "/v1/guidelines", "/nothing", "/desk/static/desk.css"]
)
def test_security_headers(client: FlaskClient, path: str) -> None:
    """Every answer forbids what is not from here, inline scripts, sniffing and frames."""
    with client.get(path) as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/try", "/docs"])
def test_pages_need_nothing_inline(client: FlaskClient, path: str) -> None:
    """No inline script or style that the policy would stop, and no address elsewhere to load."""
    page = client.get(path).text
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", page)
    assert not re.search(r"(?:src=|<link[^>]*href=)\"(?:https?:)?//", page)


def test_marks_over_each_other() -> None:
    """Where marks overlap the piece names every reason."""
    text = "abcdef"
    found = pieces(text, [reason(text, (0, 4)), reason(text, (2, 6))])
    assert found == [("ab", (1,)), ("cd", (1, 2)), ("ef", (2,))]


places = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)).map(sorted).map(tuple))


@given(text=st.text(min_size=12, max_size=12), marks=st.lists(places, max_size=3))
def test_pieces_lose_nothing(text: str, marks: list[list[tuple[int, int]]]) -> None:
    """The pieces are the text; each character inside a span is marked by its reason."""
    found = pieces(text, [reason(text, *spans) for spans in marks])
    assert "".join(piece.text for piece in found) == text
    by_place = [piece.reasons for piece in found for _ in piece.text]
    for number, spans in enumerate(marks, start=1):
        for start, end in spans:
            assert all(number in by_place[place] for place in range(start, end))
