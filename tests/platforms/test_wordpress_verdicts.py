"""What moderators do in wp-admin is a verdict on the text that they saw. None is lost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.platforms.conftest import Newspaper, new_key
from tests.platforms.moderator import Moderator
from tests.platforms.site import HOUSE_RULES
from tests.platforms.stand_ins import Hanging

DOUBTFUL = "u r right, the bus is always late n nobody cares abt it."
INSULT = "The new line is late again. You are a stupid idiot, and a liar."
WITHOUT = "The new line is late again, and nobody tells us why."
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def plugin(newspaper: Newspaper) -> None:
    """Activate our plug-in."""
    newspaper.connect(HOUSE_RULES)


@pytest.fixture
def asha(newspaper: Newspaper) -> Moderator:
    """A moderator."""
    return Moderator(newspaper.site)


def only(newspaper: Newspaper, author: str) -> dict[str, Any]:
    """Return an author's only comment."""
    (comment,) = newspaper.site.comments(author)
    return comment


def verdicts(decision: dict[str, Any]) -> list[str]:
    """Return the verdicts on a decision, oldest first, with the moderators' names."""
    return [f"{row['who']}: {row['action']}" for row in decision["history"]["verdicts"]]


def test_moderators_actions(newspaper: Newspaper, asha: Moderator) -> None:
    """Approve, spam, not spam, trash and restore are verdicts, in their order."""
    site = newspaper.site
    site.comment(DOUBTFUL, "handled")
    comment = int(only(newspaper, "handled")["comment_ID"])
    steps = [("approve", "all"), ("spam", "all"), ("unspam", "spam"), ("trash", "all")]
    for action, status in [*steps, ("untrash", "trash")]:
        asha.bulk(action, comment, status=status)
    site.cron()
    (decision,) = newspaper.decisions("handled")
    approve, reject = "asha: approve", "asha: reject"
    assert verdicts(decision) == [approve, reject, approve, reject, approve]
    assert decision["standing"] == "approve"
    assert only(newspaper, "handled")["comment_approved"] == "1"
    assert (site.waiting(), site.complaints()) == (0, [])


def test_a_bulk_action_does_not_wait(newspaper: Newspaper, asha: Moderator) -> None:
    """While the service hangs, approving four takes no longer than a page, and nothing is lost."""
    site = newspaper.site
    for number in range(4):
        site.comment(f"{DOUBTFUL} No. {number}", f"bulk{number}")
    ids = [int(only(newspaper, f"bulk{number}")["comment_ID"]) for number in range(4)]
    with Hanging() as hanging:
        site.define(HOUSE_RULES_URL=hanging.url)
        site.requests()
        asha.bulk("approve", *ids)
        assert site.requests() == []
    site.define(HOUSE_RULES_URL=NOWHERE)
    site.cron()
    assert site.waiting() == 4
    newspaper.connect(HOUSE_RULES)
    site.later()
    for number in range(4):
        (decision,) = newspaper.decisions(f"bulk{number}")
        assert verdicts(decision) == ["asha: approve"]
    assert (site.waiting(), site.complaints()) == (0, [])


def test_a_retry_keeps_the_order(newspaper: Newspaper, asha: Moderator) -> None:
    """While the first verdict waits for its next try, the second does not overtake it."""
    site = newspaper.site
    site.comment(f"{DOUBTFUL} First come, first served.", "ordered")
    comment = int(only(newspaper, "ordered")["comment_ID"])
    site.define(HOUSE_RULES_URL=NOWHERE)
    asha.bulk("approve", comment)
    asha.bulk("spam", comment)
    site.php("House_Rules_Worker::run(); return true;")  # the first verdict fails
    newspaper.connect(HOUSE_RULES)
    site.php("House_Rules_Worker::run(); return true;")  # it is not due yet
    assert site.waiting() == 2
    site.later()
    (decision,) = newspaper.decisions("ordered")
    assert verdicts(decision) == ["asha: approve", "asha: reject"]


def test_an_insult_that_is_cut_out(newspaper: Newspaper, asha: Moderator) -> None:
    """The edited text is a new revision, and the verdict belongs to it."""
    site = newspaper.site
    site.comment(INSULT, "edited")
    comment = only(newspaper, "edited")
    assert comment["comment_approved"] == "trash"
    asha.bulk("untrash", int(comment["comment_ID"]), status="trash")
    site.cron()
    asha.edit(int(comment["comment_ID"]), WITHOUT, "1")
    site.cron()
    first, second = sorted(newspaper.decisions("edited"), key=lambda row: row["revision"])
    assert (first["text"], second["text"]) == (INSULT, WITHOUT)
    assert first["comment_id"] == second["comment_id"]
    assert verdicts(first) == ["asha: review"]  # restored from the trash, before the edit
    assert verdicts(second) == ["asha: approve"]
    stored = only(newspaper, "edited")
    assert (stored["comment_approved"], stored["comment_content"]) == ("1", WITHOUT)
    assert stored["meta"]["house_rules_decision"] == second["id"]
    assert site.complaints() == []


def test_edited_while_the_service_is_away(newspaper: Newspaper, asha: Moderator) -> None:
    """Later the service is asked about the last text, and gets the verdict on it."""
    site = newspaper.site
    site.comment(DOUBTFUL, "twice")
    comment = int(only(newspaper, "twice")["comment_ID"])
    site.define(HOUSE_RULES_URL=NOWHERE)
    asha.edit(comment, "You are right, the bus is always late.", "1")
    asha.edit(comment, "You are right, that bus is always late.", "1")
    site.cron()
    newspaper.connect(HOUSE_RULES)
    site.later()
    first, second = sorted(newspaper.decisions("twice"), key=lambda row: row["revision"])
    assert verdicts(first) == []
    assert second["text"] == "You are right, that bus is always late."
    assert verdicts(second) == ["asha: approve"]
    assert (site.waiting(), site.complaints()) == (0, [])


def test_a_readers_own_edit(newspaper: Newspaper) -> None:
    """Plug-ins let readers edit. An insult that is edited in is held at once."""
    site = newspaper.site
    site.comment("The fountain in the park runs again after all these years.", "sly")
    comment = only(newspaper, "sly")
    assert comment["comment_approved"] == "1"
    site.php(
        f"""return wp_update_comment( array( 'comment_ID' => {comment["comment_ID"]},
            'comment_content' => '{INSULT}' ) );"""
    )
    assert only(newspaper, "sly")["comment_approved"] == "0"
    assert [row["action"] for row in newspaper.decisions("sly")] == ["approve", "reject"]
    assert site.complaints() == []


def test_an_author_under_an_own_article(newspaper: Newspaper) -> None:
    """Authors may moderate there without the right to moderate everywhere."""
    site = newspaper.site
    article = site.php(
        """$author = wp_create_user( 'mohan', 'a password', 'mohan@herald.example' );
        ( new WP_User( $author ) )->set_role( 'author' );
        return wp_insert_post( array( 'post_title' => 'Mine', 'post_status' => 'publish',
            'post_author' => $author, 'comment_status' => 'open' ) );"""
    )
    form = f"comment={DOUBTFUL}&author=guest&email=guest@example.com&comment_post_ID={article}"
    site.send("/wp-comments-post.php", form.replace(" ", "+").encode())
    comment = int(only(newspaper, "guest")["comment_ID"])
    Moderator(site, "mohan").bulk("approve", comment)
    site.cron()
    (decision,) = newspaper.decisions("guest")
    assert verdicts(decision) == ["mohan: approve"]


def test_deleting(newspaper: Newspaper, asha: Moderator) -> None:
    """Without a trash, deleting rejects. Deleting an article says nothing about its comments."""
    site = newspaper.site
    for author in ("deleted", "with_article"):
        site.comment(f"{DOUBTFUL} It is what {author} says.", author)
    site.define(EMPTY_TRASH_DAYS=0)
    asha.bulk("delete", int(only(newspaper, "deleted")["comment_ID"]))
    comment = only(newspaper, "with_article")["comment_ID"]
    site.php(
        f"""wp_set_current_user( 1 );
        $post = wp_insert_post( array( 'post_title' => 'Gone', 'post_status' => 'publish' ) );
        wp_update_comment( array( 'comment_ID' => {comment}, 'comment_post_ID' => $post ) );
        return (bool) wp_delete_post( $post, true );"""
    )
    assert newspaper.site.comments("with_article") == []
    site.cron()
    (deleted,), (other,) = newspaper.decisions("deleted"), newspaper.decisions("with_article")
    assert (verdicts(deleted), verdicts(other)) == (["asha: reject"], [])


def test_the_key_may_not(newspaper: Newspaper, asha: Moderator) -> None:
    """A key without the scope 'verdict' is reported, and the verdict waits for a better key."""
    site = newspaper.site
    site.comment(DOUBTFUL, "scoped")
    site.define(HOUSE_RULES_KEY=new_key(newspaper.service, "decide"))
    asha.bulk("approve", int(only(newspaper, "scoped")["comment_ID"]))
    site.cron()
    page = asha.get("/wp-admin/index.php")
    assert "This key has no scope" in page
    newspaper.connect(HOUSE_RULES)
    site.later()
    (decision,) = newspaper.decisions("scoped")
    assert verdicts(decision) == ["asha: approve"]
    assert "This key has no scope" not in asha.get("/wp-admin/index.php")
