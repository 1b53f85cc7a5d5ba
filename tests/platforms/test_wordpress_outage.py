"""The service is away, slow, somebody else, or refuses the key: nothing is published or lost."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.platforms.conftest import Newspaper
from tests.platforms.moderator import Moderator
from tests.platforms.site import HOUSE_RULES
from tests.platforms.stand_ins import Answering, Hanging

GOOD = "The harbour needs a second crane before the next monsoon begins."
ABUSE = "You are a stupid idiot and a liar, and everyone knows it."
DOUBTFUL = "u r right, the bus is always late n nobody cares abt it."
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def plugin(newspaper: Newspaper) -> None:
    """Activate our plug-in."""
    newspaper.connect(HOUSE_RULES)


def only(newspaper: Newspaper, author: str) -> dict[str, Any]:
    """Return an author's only comment."""
    (comment,) = newspaper.site.comments(author)
    return comment


def test_held_comments_are_asked_about_again(newspaper: Newspaper) -> None:
    """Good ones are published later, abuse goes to the trash, doubtful ones stay held."""
    site = newspaper.site
    site.define(HOUSE_RULES_URL=NOWHERE)
    texts = {"waiting_good": GOOD, "waiting_bad": ABUSE, "waiting_odd": DOUBTFUL}
    for author, text in texts.items():
        assert site.comment(text, author) == 302
        assert only(newspaper, author)["comment_approved"] == "0"
    site.cron()
    assert site.waiting() == 3
    newspaper.connect(HOUSE_RULES)
    site.later()
    statuses = {author: only(newspaper, author)["comment_approved"] for author in texts}
    assert statuses == {"waiting_good": "1", "waiting_bad": "trash", "waiting_odd": "0"}
    for author in texts:
        (decision,) = newspaper.decisions(author)
        assert only(newspaper, author)["meta"]["house_rules_decision"] == decision["id"]
        assert decision["history"]["verdicts"] == []
    assert (site.waiting(), site.complaints()) == (0, [])


def test_what_wordpress_holds_stays_held(newspaper: Newspaper) -> None:
    """A late approval does not publish what WordPress itself would hold."""
    site = newspaper.site
    site.define(HOUSE_RULES_URL=NOWHERE)
    site.php("return update_option( 'comment_moderation', 1 );")
    site.comment("The museum shows the old maps again, and they are splendid.", "moderated")
    site.php("return update_option( 'comment_moderation', '' );")
    newspaper.connect(HOUSE_RULES)
    site.later()
    assert len(newspaper.decisions("moderated")) == 1
    assert only(newspaper, "moderated")["comment_approved"] == "0"


def test_a_person_is_faster(newspaper: Newspaper) -> None:
    """What a moderator did meanwhile stays, and is the verdict on the late decision."""
    site = newspaper.site
    site.define(HOUSE_RULES_URL=NOWHERE)
    site.comment(ABUSE + " Really.", "quick")
    Moderator(site).bulk("approve", int(only(newspaper, "quick")["comment_ID"]))
    newspaper.connect(HOUSE_RULES)
    site.later()
    (decision,) = newspaper.decisions("quick")
    assert (decision["action"], decision["standing"]) == ("reject", "approve")
    assert only(newspaper, "quick")["comment_approved"] == "1"


def test_sent_by_an_administrator(newspaper: Newspaper) -> None:
    """The button on the settings page sends what waits. That is no verdict of the administrator."""
    site = newspaper.site
    site.define(HOUSE_RULES_URL=NOWHERE)
    site.comment(GOOD + " It is what I think.", "pressed")
    newspaper.connect(HOUSE_RULES)
    asha = Moderator(site)
    page = asha.get("/wp-admin/options-general.php", page="house-rules")
    nonce = re.findall(r'name="_wpnonce" value="(\w+)"', page)[2]
    button = {"action": "house_rules_again", "_wpnonce": nonce}
    assert "Messages that still wait: 0." in asha.post("/wp-admin/admin-post.php", button)
    site.cron()
    assert only(newspaper, "pressed")["comment_approved"] == "1"
    (decision,) = newspaper.decisions("pressed")
    assert decision["history"]["verdicts"] == []


def test_a_slow_service(newspaper: Newspaper) -> None:
    """The comment is held after one request, and decided later."""
    site = newspaper.site
    with Hanging() as hanging:
        site.define(HOUSE_RULES_URL=hanging.url)
        site.requests()
        assert (
            site.comment("The tram is quick and quiet, and I like it very much.", "slowed") == 302
        )
        assert site.requests() == [f"{hanging.url}/v1/moderate"]
    assert only(newspaper, "slowed")["comment_approved"] == "0"
    newspaper.connect(HOUSE_RULES)
    site.later()
    assert only(newspaper, "slowed")["comment_approved"] == "1"


def test_a_wrong_key(newspaper: Newspaper) -> None:
    """The comment is held and the notice says why. With the right key it is decided."""
    site = newspaper.site
    site.define(HOUSE_RULES_KEY="hr-00000000-00")
    site.comment("The swimming pool opens earlier now, which suits me very well.", "locked_out")
    assert only(newspaper, "locked_out")["comment_approved"] == "0"
    asha = Moderator(site)
    assert "unknown or revoked" in asha.get("/wp-admin/index.php")
    newspaper.connect(HOUSE_RULES)
    site.later()
    assert only(newspaper, "locked_out")["comment_approved"] == "1"
    assert "unknown or revoked" not in asha.get("/wp-admin/index.php")


def test_a_text_that_is_too_long(newspaper: Newspaper) -> None:
    """The service refuses it. It is held for a person, who sees why, and not asked about again."""
    site = newspaper.site
    site.comment(" ".join([GOOD] * 400), "lengthy")
    comment = only(newspaper, "lengthy")
    assert comment["comment_approved"] == "0"
    assert site.waiting() == 0
    page = Moderator(site).get(
        "/wp-admin/comment.php", action="editcomment", c=comment["comment_ID"]
    )
    assert "the limit is 20,480" in page
    site.php(f"return wp_delete_comment( {comment['comment_ID']}, true );")


@pytest.mark.parametrize(
    ("author", "body"),
    [("no_json", b"<h1>Welcome</h1>"), ("no_decision", b"{}"), ("odd", b'{"action": "publish"}')],
)
def test_somebody_else_answers(newspaper: Newspaper, author: str, body: bytes) -> None:
    """An answer that is no decision is no approval."""
    site = newspaper.site
    with Answering(200, body) as other:
        site.define(HOUSE_RULES_URL=other.url)
        site.comment(f"{GOOD} So says {author}.", author)
    assert only(newspaper, author)["comment_approved"] == "0"
    newspaper.connect(HOUSE_RULES)
    site.later()
    assert only(newspaper, author)["comment_approved"] == "1"


def test_the_key_stays_at_home(newspaper: Newspaper) -> None:
    """A redirect is not followed, so the key goes to no other host."""
    site = newspaper.site
    with Answering(200, b"{}") as other, Answering(307, b"", Location=other.url) as first:
        site.define(HOUSE_RULES_URL=first.url)
        site.comment("The bakery at the corner opens on Sundays now, I am told.", "led")
        assert [row["Authorization"] for row in first.requests] == [f"Bearer {newspaper.key}"]
        assert other.requests == []
    assert only(newspaper, "led")["comment_approved"] == "0"
    newspaper.connect(HOUSE_RULES)
    site.later()
