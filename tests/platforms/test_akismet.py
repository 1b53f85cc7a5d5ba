"""Akismet's plug-in with our service: only approved comments are published."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.faults.service import Service
from tests.platforms.conftest import Newspaper, new_key
from tests.platforms.site import AKISMET

GOOD = "The old library should stay open on Sundays, because many children read there."
ABUSE = "You are a stupid idiot and a liar, and everyone knows it."
DOUBTFUL = "u r right, the bus is always late n nobody cares abt it."
LARGE = " ".join([ABUSE] * 550)  # above the service's limit, below that of WordPress
UNKNOWN = "0123456789ab"


@pytest.fixture(autouse=True)
def plugin(newspaper: Newspaper) -> None:
    """Activate Akismet's plug-in with our service."""
    newspaper.connect(AKISMET)


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service whose database is gone, so that it answers 503."""
    folder: Path = tmp_path_factory.mktemp("away")
    (folder / "record").mkdir()
    service = Service(folder / "service", f"sqlite:///{folder}/record/record.sqlite", workers=1)
    new_key(service, "decide")
    service.start()
    service.ask("POST", "/v1/moderate", {"text": "The service notices that there are keys."})
    shutil.rmtree(folder / "record")
    (folder / "record").touch()
    yield f"http://127.0.0.1:{service.port}"
    service.stop()


def posted(newspaper: Newspaper, text: str, author: str) -> dict[str, Any]:
    """Send a comment. Return WordPress's row, with the time of the plug-in's automatic approval."""
    assert newspaper.site.comment(text, author) == 302
    (comment,) = newspaper.site.comments(author)
    comment["fallback"] = newspaper.site.php(
        "return wp_next_scheduled( 'akismet_approval_fallback', "
        f"array( {comment['comment_ID']} ) );"
    )
    return comment


def report_spam(newspaper: Newspaper, comment: dict[str, Any]) -> None:
    """Report a comment as spam with the plug-in, as its button in wp-admin does."""
    newspaper.site.php(
        f"wp_spam_comment( {comment['comment_ID']} ); "
        f"Akismet::submit_spam_comment( {comment['comment_ID']} ); return true;"
    )


def cron(newspaper: Newspaper, author: str) -> str:
    """Run the plug-in's retry after an error. Return the comment's status."""
    newspaper.site.php("do_action( 'akismet_schedule_cron_recheck' ); return true;")
    (comment,) = newspaper.site.comments(author)
    status: str = comment["comment_approved"]
    return status


@pytest.mark.parametrize(
    ("author", "text", "status"),
    [("pleased", GOOD, "1"), ("rude", ABUSE, "spam"), ("hasty", DOUBTFUL, "0")],
)
def test_a_decision(newspaper: Newspaper, author: str, text: str, status: str) -> None:
    """The comment is approved, spam or pending. No cron job approves it later."""
    comment = posted(newspaper, text, author)
    (decision,) = newspaper.decisions(author)
    assert comment["comment_approved"] == status
    assert comment["fallback"] is False
    assert comment["meta"].get("akismet_guid", decision["id"]) == decision["id"]
    assert cron(newspaper, author) == status


@pytest.mark.parametrize(
    ("author", "constants"),
    [
        pytest.param("lengthy", {}, id="a comment that is too large"),
        pytest.param("keyless", {"HOUSE_RULES_KEY": UNKNOWN}, id="an unknown key"),
    ],
)
def test_invalid(newspaper: Newspaper, author: str, constants: dict[str, str]) -> None:
    """A comment without a decision waits for a person, also after the plug-in's retry."""
    newspaper.site.define(**constants)
    comment = posted(newspaper, LARGE, author)
    assert (comment["comment_approved"], comment["fallback"]) == ("0", False)
    assert cron(newspaper, author) == "0"
    newspaper.site.php(f"return wp_delete_comment( {comment['comment_ID']}, true );")


def test_over_the_rate(newspaper: Newspaper) -> None:
    """The service answers 429, and the comment is pending."""
    newspaper.site.define(HOUSE_RULES_KEY=new_key(newspaper.service, "decide", rate="1 per day"))
    before = posted(newspaper, "The pool is warm again, to my delight.", "early")
    after = posted(newspaper, ABUSE, "late")
    assert (before["comment_approved"], after["comment_approved"]) == ("1", "0")


@pytest.mark.parametrize(
    ("author", "text", "status"),
    [
        ("patient", "What a pity that the theatre closed without a word to its friends.", "1"),
        ("angry", ABUSE, "spam"),
        ("careless", DOUBTFUL, "spam"),
    ],
)
def test_after_an_error(
    newspaper: Newspaper, away: str, author: str, text: str, status: str
) -> None:
    """After a 503 the comment is pending. The retry does not publish a doubtful one."""
    newspaper.site.define(HOUSE_RULES_URL=away)
    comment = posted(newspaper, text, author)
    assert (comment["comment_approved"], comment["fallback"]) == ("0", False)
    assert newspaper.decisions(author) == []
    newspaper.connect(AKISMET)
    assert cron(newspaper, author) == status


def test_the_rest_api(newspaper: Newspaper) -> None:
    """With the REST API the plug-in cannot hold comments, so a doubtful one becomes spam."""
    text = "The market opens at six now, which suits those who work at night."
    assert newspaper.site.rest(text, "resting") == 201
    assert newspaper.site.rest(DOUBTFUL, "restless") == 201
    (approved,) = newspaper.site.comments("resting")
    (doubtful,) = newspaper.site.comments("restless")
    assert (approved["comment_approved"], doubtful["comment_approved"]) == ("1", "spam")


def test_errors_by_the_rest_api(newspaper: Newspaper, away: str) -> None:
    """With the REST API the plug-in publishes on errors, so an error answer means spam."""
    newspaper.site.define(HOUSE_RULES_KEY=UNKNOWN)
    assert newspaper.site.rest(ABUSE, "locked") == 201
    newspaper.site.define(HOUSE_RULES_URL=away)
    assert newspaper.site.rest(ABUSE, "stranded") == 201
    for author in ("locked", "stranded"):
        (comment,) = newspaper.site.comments(author)
        assert comment["comment_approved"] == "spam"


@pytest.mark.parametrize(
    ("author", "text"),
    [
        ("quoting", """It's what the council calls "a temporary delay", isn't it?"""),
        ("exact", r"""The mayor's files were in C:\council\new, and that's a "backup"."""),
    ],
)
def test_quotes(newspaper: Newspaper, author: str, text: str) -> None:
    """WordPress puts a backslash before quotes. The service reads what the author wrote.

    So a verdict, which comes without these backslashes, finds the decision.
    """
    comment = posted(newspaper, text, author)
    report_spam(newspaper, comment)
    (decision,) = newspaper.decisions(author)
    assert decision["text"] == text
    assert (decision["action"], decision["standing"]) == ("approve", "reject")


def test_quotes_by_the_rest_api(newspaper: Newspaper) -> None:
    """A comment through the REST API has no extra backslashes."""
    text = """It's what they call "a delay" here, and it isn't one."""
    assert newspaper.site.rest(text, "restful") == 201
    (decision,) = newspaper.decisions("restful")
    assert decision["text"] == text


def test_the_settings_page(newspaper: Newspaper) -> None:
    """Akismet's settings page reaches the service and shows statistics, and nothing else fails."""
    posted(newspaper, "You are a stupid idiot and a liar, all of you, and I hate it.", "counted")
    html: str = newspaper.site.php(
        """
        wp_set_current_user( 1 );
        require_once ABSPATH . 'wp-admin/includes/admin.php';
        require_once AKISMET__PLUGIN_DIR . 'class.akismet-admin.php';
        ob_start();
        Akismet_Admin::init();
        Akismet_Admin::display_configuration_page();
        return ob_get_clean();
        """
    )
    words = re.sub(r"<[^>]*>", " ", html)
    assert re.search(r"Past six months|Spam blocked", words)
    assert not re.search(r"firewall|could not be|can&#8217;t connect|not.*valid", words)
    assert {urlsplit(url).path for url in newspaper.site.requests()} >= {
        "/1.1/get-subscription",
        "/1.1/get-stats",
    }


def test_a_key_in_the_settings_page(newspaper: Newspaper) -> None:
    """The page stores a key of 12 digits that was made for it, and no other."""
    made = new_key(newspaper.service, akismet=True)
    unknown, known = newspaper.site.php(
        f"""
        require_once ABSPATH . 'wp-admin/includes/admin.php';
        require_once AKISMET__PLUGIN_DIR . 'class.akismet-admin.php';
        delete_option( 'wordpress_api_key' );
        Akismet_Admin::save_key( 'ba9876543210' );
        $unknown = get_option( 'wordpress_api_key' );
        Akismet_Admin::save_key( '{made}' );
        return array( $unknown, get_option( 'wordpress_api_key' ) );
        """
    )
    assert (unknown or None, known) == (None, made)
    newspaper.site.define(HOUSE_RULES_KEY=made)
    comment = posted(newspaper, "The pier opens again in May, to our delight.", "settled")
    report_spam(newspaper, comment)
    (decision,) = newspaper.decisions("settled")
    assert decision["standing"] == "reject"
