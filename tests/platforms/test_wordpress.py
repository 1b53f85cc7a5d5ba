"""Our plug-in in WordPress: one comment, one request, one decision, in every version."""

from __future__ import annotations

import json
from typing import Any
from xmlrpc.client import dumps

import pytest

from tests.platforms.conftest import Newspaper
from tests.platforms.moderator import Moderator
from tests.platforms.site import HOUSE_RULES

ABUSE = "You are a stupid idiot and a liar, and everyone knows it."
DOUBTFUL = "u r right, the bus is always late n nobody cares abt it."


@pytest.fixture(autouse=True)
def plugin(newspaper: Newspaper) -> None:
    """Activate our plug-in."""
    newspaper.connect(HOUSE_RULES)


def decided(newspaper: Newspaper, author: str, status: str) -> dict[str, Any]:
    """Check that an author's only comment has this status and one decision. Return it."""
    requests = [url for url in newspaper.site.requests() if url.endswith("/v1/moderate")]
    (comment,) = newspaper.site.comments(author)
    (decision,) = newspaper.decisions(author)
    assert len(requests) == 1
    assert comment["comment_approved"] == status
    assert comment["meta"]["house_rules_decision"] == decision["id"]
    assert newspaper.site.complaints() == []
    return {**decision, "stored": comment["comment_content"]}


@pytest.mark.parametrize(
    ("author", "text", "status"),
    [
        ("good", "The new bridge has cut my way to work by half an hour, thanks to you.", "1"),
        ("abusive", ABUSE, "trash"),
        ("doubtful", DOUBTFUL, "0"),
        ("hindi", "यह पुल बहुत अच्छा है और हम सब इससे खुश हैं।", "trash"),
        ("fragment", "Pathetic journalism", "0"),
        ("caller", "Please call me on 98765 43210 if you want to see the house.", "0"),
        (
            "smiling",
            "The new park is a joy for all of us 🙏🏽 and the children 👨‍👩‍👧 love it.",
            "1",
        ),
    ],
)
def test_one_comment_one_decision(
    newspaper: Newspaper, author: str, text: str, status: str
) -> None:
    """One request decides whether it is approved, held or put in the trash."""
    assert newspaper.site.comment(text, author) == 302
    assert decided(newspaper, author, status)["text"] == text


@pytest.mark.parametrize(
    ("author", "text", "stored", "status"),
    [
        pytest.param(
            "citing",
            """It's the "old" bridge that we love, & I'd <em>rather</em> keep it """
            """<p onclick="x()">than pay for a new one</p>, as C:\\plans\\new.txt has it.""",
            """It's the "old" bridge that we love, &amp; I'd <em>rather</em> keep it """
            """than pay for a new one, as C:\\plans\\new.txt has it.""",
            "1",
            id="slashes, entities and tags",
        ),
        pytest.param(
            "linking",
            'The <a href="https://herald.example/park">council promised a park</a> three years '
            "ago, and we still wait for it.",
            'The <a href="https://herald.example/park" rel="nofollow ugc">council promised a '
            "park</a> three years ago, and we still wait for it.",
            "1",
            id="a link",
        ),
        pytest.param(
            "hiding", f"<script>{ABUSE}</script>", ABUSE, "trash", id="abuse in a removed tag"
        ),
    ],
)
def test_the_published_text_is_decided(
    newspaper: Newspaper, author: str, text: str, stored: str, status: str
) -> None:
    """WordPress removes and adds tags before the first call or between the two calls."""
    assert newspaper.site.comment(text, author) == 302
    decision = decided(newspaper, author, status)
    assert decision["text"] == decision["stored"] == stored


def test_spam(newspaper: Newspaper) -> None:
    """Advertising with links is not published."""
    text = (
        'Earn $500 a day from home! <a href="https://bit.ly/x1">Click here</a>, '
        "or join https://t.me/fastcash and www.win-big.example now!!!"
    )
    newspaper.site.comment(text, "spammer")
    assert newspaper.site.comments("spammer")[0]["comment_approved"] in {"0", "trash"}


def test_a_reply(newspaper: Newspaper) -> None:
    """The service gets the comment that a reply answers, and the title as people read it."""
    site = newspaper.site
    site.php("""return wp_update_post( array( 'ID' => 1,
        'post_title' => 'What’s new &amp; “old”? <b>Bridge</b>' ) );""")
    site.comment("The bridge was painted in a colour that I do not like at all.", "first")
    parent = int(site.comments("first")[0]["comment_ID"])
    site.comment("I rather like it, since it matches the river in the evening.", "second", parent)
    (decision,) = newspaper.decisions("second")
    assert decision["parent"] == "The bridge was painted in a colour that I do not like at all."
    assert decision["article"] == "What’s new & “old”? Bridge"


def test_an_author_is_told(newspaper: Newspaper) -> None:
    """HOUSE_RULES_TELL: the comment is not stored, and the answer is a 409 with the reasons."""
    site = newspaper.site
    site.define(HOUSE_RULES_TELL=True)
    status, page = site.form(ABUSE + " Told.", "told")
    assert status == 409
    assert "Be civil: no insults" in page
    status, body = site.rest_answer(ABUSE + " Told again.", "told")
    error = json.loads(body)
    assert (status, error["code"], error["data"]) == (409, "house_rules", {"status": 409})
    assert "Be civil: no insults" in error["message"]
    assert "<br>" not in error["message"]
    assert site.comments("told") == []
    assert site.complaints() == []


def test_the_trash_is_emptied(newspaper: Newspaper) -> None:
    """A rejected comment can be restored, and is deleted after 30 days as any other."""
    site = newspaper.site
    site.comment(ABUSE + " Twice.", "restored")
    site.comment(ABUSE + " Thrice.", "purged")
    restored, purged = (site.comments(name)[0]["comment_ID"] for name in ("restored", "purged"))
    site.php(f"return wp_untrash_comment( {restored} );")
    assert site.comments("restored")[0]["comment_approved"] == "0"
    site.php("wp_scheduled_delete(); return true;")
    assert len(site.comments("purged")) == 1
    site.php(
        f"""update_comment_meta( {purged}, '_wp_trash_meta_time', time() - 31 * DAY_IN_SECONDS );
        wp_scheduled_delete(); return true;"""
    )
    assert site.comments("purged") == []


@pytest.mark.parametrize(("author", "choice", "after"), [("a", "hold", ["0"]), ("b", "delete", [])])
def test_without_a_trash(newspaper: Newspaper, author: str, choice: str, after: list[str]) -> None:
    """With the trash off, a rejected comment is held, or not stored, as set."""
    site = newspaper.site
    site.define(EMPTY_TRASH_DAYS=0)
    site.php(f"return update_option( 'house_rules', array( 'without_trash' => '{choice}' ) );")
    status = site.comment(f"{ABUSE} Says {author}.", f"trashless_{author}")
    assert status == (302 if after else 409)
    comments = site.comments(f"trashless_{author}")
    assert [comment["comment_approved"] for comment in comments] == after
    site.php("return delete_option( 'house_rules' );")


def test_types_of_comments(newspaper: Newspaper) -> None:
    """Reviews are decided. Pings are not, unless the settings say so."""
    comment = f"""array( 'comment_post_ID' => 1, 'comment_author' => 'typist',
        'comment_author_email' => 'typist@example.com', 'comment_author_url' => '',
        'comment_content' => '{ABUSE} ' . $type, 'comment_type' => $type, 'user_id' => 0 )"""
    site = newspaper.site
    site.php(
        f"""foreach ( array( 'review', 'webmention', 'pingback', 'order_note' ) as $type ) {{
            wp_new_comment( {comment} );
        }}
        update_option( 'house_rules', array( 'skip_types' => array( 'review' ) ) );
        foreach ( array( 'trackback', 'review' ) as $type ) {{
            wp_new_comment( array( 'comment_author' => 'other' ) + {comment}, true );
        }}
        return delete_option( 'house_rules' );"""
    )
    asked = sorted(row["text"].rpartition(" ")[2] for row in newspaper.decisions("typist"))
    assert asked == ["review", "trackback", "webmention"]
    assert site.complaints() == []


def test_without_an_answer_it_is_held(newspaper: Newspaper) -> None:
    """If the service is away, the comment is held after one request."""
    newspaper.site.define(HOUSE_RULES_URL="http://127.0.0.1:9")
    good = "The harbour needs a second crane before the next monsoon begins."
    assert newspaper.site.comment(good, "unlucky") == 302
    (comment,) = newspaper.site.comments("unlucky")
    assert comment["comment_approved"] == "0"
    assert "house_rules_decision" not in comment["meta"]
    assert newspaper.site.requests() == ["http://127.0.0.1:9/v1/moderate"]


def test_several_comments_in_one_request(newspaper: Newspaper) -> None:
    """A reader sends three comments with one XML-RPC request. Each has its own decision."""
    fine = "The market hall looks splendid since the roof was painted."
    texts = [fine, ABUSE, DOUBTFUL]
    calls = [
        {
            "methodName": "wp.newComment",
            "params": [1, "ravi", "a password", 1, {"content": text, "comment_parent": 0}],
        }
        for text in texts
    ]
    body = dumps((calls,), "system.multicall").encode()
    status, answer = newspaper.site.send("/xmlrpc.php", body, {"Content-Type": "text/xml"})
    assert status == 200
    assert "faultCode" not in answer
    comments = newspaper.site.comments("ravi")
    decisions = {row["id"]: row for row in newspaper.decisions("ravi")}
    assert [comment["comment_approved"] for comment in comments] == ["1", "trash", "0"]
    texts_decided = [
        decisions[comment["meta"]["house_rules_decision"]]["text"] for comment in comments
    ]
    assert texts_decided == [comment["comment_content"] for comment in comments] == texts
    assert len(decisions) == len(newspaper.site.requests()) == 3


def test_a_comment_that_is_not_stored(newspaper: Newspaper) -> None:
    """If another plug-in refuses a comment, the next one does not inherit its decision."""
    fine = "The night train to the coast was clean and on time for once."
    refused, *_ = newspaper.site.php(
        f"""
        add_filter( 'pre_comment_approved', function ( $approved, $data ) {{
            return strpos( $data['comment_content'], 'train' ) ? new WP_Error( 'no' ) : $approved;
        }}, 99, 2 );
        $comment = array( 'comment_post_ID' => 1, 'comment_author' => 'next',
            'comment_author_email' => 'next@example.com', 'comment_author_url' => '',
            'comment_date' => '2026-11-30 20:00:00', 'comment_date_gmt' => '2026-11-30 20:00:00',
            'comment_type' => 'comment', 'comment_parent' => 0, 'user_id' => 0 );
        $first  = wp_new_comment( $comment + array( 'comment_content' => '{fine}' ), true );
        $second = wp_new_comment( $comment + array( 'comment_content' => '{ABUSE}' ), true );
        // An import is not sent to the service.
        $third  = wp_insert_comment( array( 'comment_content' => 'Old.' ) + $comment );
        return array( is_wp_error( $first ), $second, $third );
        """
    )
    assert refused
    decided_comment, imported = newspaper.site.comments("next")
    by_text = {row["text"]: row["id"] for row in newspaper.decisions("next")}
    assert decided_comment["comment_approved"] == "trash"
    assert decided_comment["meta"]["house_rules_decision"] == by_text[ABUSE] != by_text[fine]
    assert "house_rules_decision" not in imported["meta"]


def test_the_rest_api(newspaper: Newspaper) -> None:
    """The REST API passes the text without slashes, and runs no `comment_post`."""
    text = "It's a \"good\" plan of the mayor's, but C:\\new\\table costs too much for a town."
    assert newspaper.site.rest(text, "modern") == 201
    decision = decided(newspaper, "modern", "1")
    assert decision["text"] == decision["stored"] == text


def test_backslashes_before_quotes_in_the_rest_api(newspaper: Newspaper) -> None:
    """A text that looks as if it had slashes has none, and keeps them."""
    text = "He wrote \\'It\\'s\\' on the wall of the old school, which I find odd."
    assert newspaper.site.rest(text, "escaping") == 201
    decision = decided(newspaper, "escaping", "1")
    assert decision["text"] == decision["stored"] == text


def test_a_verdict_on_a_comment_of_the_rest_api(newspaper: Newspaper) -> None:
    """It keeps the decision's id, so that a moderator's verdict finds it."""
    site = newspaper.site
    assert site.rest(DOUBTFUL + " I say so by REST.", "unhurried") == 201
    (comment,) = site.comments("unhurried")
    Moderator(site).bulk("approve", int(comment["comment_ID"]))
    site.cron()
    (decision,) = newspaper.decisions("unhurried")
    assert decision["standing"] == "approve"
    assert comment["meta"]["house_rules_decision"] == decision["id"]
