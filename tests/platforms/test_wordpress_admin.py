"""What people see in wp-admin: reasons, marked words, notices, settings, and privacy tools."""

from __future__ import annotations

import json
import re
import urllib.error
from collections.abc import Callable
from typing import Any

import pytest

from tests.platforms.conftest import Newspaper
from tests.platforms.moderator import COMMENTS, Moderator, inputs
from tests.platforms.site import HOUSE_RULES, PLUGIN
from tests.platforms.stand_ins import Answering

INSULT = "The <em>bus</em> is late again. You are an idiot & a liar 🙏."
PAGE = "/wp-admin/options-general.php"


@pytest.fixture(autouse=True)
def plugin(newspaper: Newspaper) -> None:
    """Activate our plug-in."""
    newspaper.connect(HOUSE_RULES)


@pytest.fixture
def asha(newspaper: Newspaper) -> Moderator:
    """An administrator."""
    return Moderator(newspaper.site)


def only(newspaper: Newspaper, author: str) -> dict[str, Any]:
    """Return an author's only comment."""
    (comment,) = newspaper.site.comments(author)
    return comment


def test_reasons_and_marked_words(newspaper: Newspaper, asha: Moderator) -> None:
    """The list and the comment's page show why, and mark the words in the comment."""
    newspaper.site.comment(INSULT, "shown")
    comment = only(newspaper, "shown")["comment_ID"]
    list_of_trash = asha.get(COMMENTS, comment_status="trash")
    asha.bulk("untrash", comment, status="trash")
    for page in (
        list_of_trash,
        asha.get("/wp-admin/comment.php", action="editcomment", c=comment),
    ):
        assert "Be civil: no insults, no swearing, no contempt." in page
        assert "Leave out the insults and say what you disagree with." in page
        assert "<mark>idiot</mark>" in page
        assert "<em>bus</em> is late again." in page
    assert newspaper.site.complaints() == []


def test_nothing_is_trusted(newspaper: Newspaper, asha: Moderator) -> None:
    """What the service says is escaped in every place."""
    evil = "<script>alert(1)</script>"
    reason = {"guideline": evil, "message": evil, "spans": [{"start": 0, "end": 3, "text": "The"}]}
    decision = {"id": "0" * 32, "action": "review", "reasons": [reason]}
    with Answering(200, json.dumps(decision).encode()) as other:
        newspaper.site.define(HOUSE_RULES_URL=other.url)
        newspaper.site.comment("The tower is tall, and its clock is wrong.", "victim")
    with Answering(500, json.dumps({"detail": evil}).encode()) as other:
        newspaper.site.define(HOUSE_RULES_URL=other.url)
        newspaper.site.comment("The tower is old, and its clock is right.", "victim2")
    comment = only(newspaper, "victim")["comment_ID"]
    pages = [
        asha.get(COMMENTS),
        asha.get("/wp-admin/comment.php", action="editcomment", c=comment),
        asha.get(PAGE, page="house-rules"),
    ]
    assert all("<script>alert(1)" not in page for page in pages)
    assert all("&lt;script&gt;alert(1)" in page for page in pages)
    newspaper.connect(HOUSE_RULES)
    newspaper.site.later()


def test_marks(newspaper: Newspaper) -> None:
    """Places count code points. Overlaps join, and tags stay whole."""
    cases = [
        ("👍🏽 idiot", [[3, 8]], "👍🏽 <mark>idiot</mark>"),
        ("a <b>b</b> c", [[0, 12]], "<mark>a </mark><b><mark>b</mark></b><mark> c</mark>"),
        ("abcdef", [[1, 3], [2, 5]], "a<mark>bcde</mark>f"),
        ("abc", [[1, 99], [-5, 0]], "a<mark>bc</mark>"),
        ("abc", [], "abc"),
    ]
    for text, spans, marked in cases:
        arguments = f"json_decode( '{json.dumps([text, spans])}', true )"
        assert newspaper.site.php(f"return House_Rules_Desk::mark( ...{arguments} );") == marked


def test_not_configured(newspaper: Newspaper, asha: Moderator) -> None:
    """The notice says so to those who can change it. Comments are held."""
    site = newspaper.site
    site.define(HOUSE_RULES_URL="")
    missing = "The address of the service is not set, so every comment is held."
    assert missing in asha.get("/wp-admin/index.php")
    assert missing not in Moderator(site, "ravi").get("/wp-admin/profile.php")
    site.comment("The cinema shows old films on Mondays, and I like that.", "unset")
    assert only(newspaper, "unset")["comment_approved"] == "0"
    newspaper.connect(HOUSE_RULES)
    site.later()
    assert only(newspaper, "unset")["comment_approved"] == "1"
    assert site.complaints() == []


def test_the_settings_page(newspaper: Newspaper, asha: Moderator) -> None:
    """Values are checked and saved. The key is never shown, and an empty field keeps it."""
    site = newspaper.site
    constants = dict(site.constants)
    for name in ("HOUSE_RULES_URL", "HOUSE_RULES_KEY", "HOUSE_RULES_TELL"):
        site.constants.pop(name, None)
    site.define()

    def save(**values: str) -> str:
        form = inputs(asha.get(PAGE, page="house-rules"))
        fields = {f"house_rules[{name}]": value for name, value in values.items()}
        return asha.post("/wp-admin/options.php", {**form, **fields})

    def saved() -> Any:
        return site.php("return get_option( 'house_rules' );")

    url = f"http://127.0.0.1:{newspaper.service.port}"
    page = save(url=f"{url}/", key=newspaper.key, skip_types="pingback, Note order_note")
    assert "Settings saved." in page
    assert newspaper.key not in page
    assert (saved()["url"], saved()["key"]) == (url, newspaper.key)
    assert saved()["skip_types"] == ["pingback", "note", "order_note"]
    page = save(url="ftp://elsewhere", key="")
    assert "Address: it must begin with https:// or http://" in page
    assert (saved()["url"], saved()["key"]) == (url, newspaper.key)
    nonces = re.findall(r'name="_wpnonce" value="(\w+)"', page)
    check = {"action": "house_rules_check", "_wpnonce": nonces[1]}
    page = asha.post("/wp-admin/admin-post.php", check)
    assert "The service answers, and rejects its test comment." in page
    save(**{"remove_key": "1"})
    assert saved()["key"] == ""
    site.php("return delete_option( 'house_rules' );")
    site.define(**constants)
    assert "Set in wp-config.php." in asha.get(PAGE, page="house-rules")
    assert site.complaints() == []


def test_only_administrators_change_it(newspaper: Newspaper, asha: Moderator) -> None:
    """Others, and requests without the page's nonce, are refused."""
    ravi = Moderator(newspaper.site, "ravi")
    calls: list[Callable[[], str]] = [
        lambda: ravi.get(PAGE, page="house-rules"),
        lambda: ravi.post("/wp-admin/admin-post.php", {"action": "house_rules_check"}),
        lambda: asha.post("/wp-admin/admin-post.php", {"action": "house_rules_check"}),
        lambda: asha.post("/wp-admin/admin-post.php", {"action": "house_rules_again"}),
    ]
    for call in calls:
        with pytest.raises(urllib.error.HTTPError, match="403"):
            call()


def test_privacy(newspaper: Newspaper) -> None:
    """The export has the decisions. Erasing reaches the service, with the old reference too."""
    site, service = newspaper.site, newspaper.service
    site.comment("u r right, but I shall not read you again.", "leaving")
    reference = newspaper.decisions("leaving")[0]["author"]
    assert "leaving" not in reference
    mail = "leaving@example.com"
    old = site.php(f"return House_Rules_Request::old_author( '{mail}' );")
    earlier = {"text": "An earlier comment of theirs.", "id": "earlier", "author": old}
    service.ask("POST", "/v1/moderate", earlier, key=newspaper.key)
    export = site.php(f"return House_Rules_Privacy::export( '{mail}' );")
    values = {row["name"]: row["value"] for row in export["data"][0]["data"]}
    assert values["Reference to you"] == reference
    assert "Write “you” instead of “u”" in values["Reasons"]
    hook = "apply_filters( 'wp_privacy_personal_data_erasers', array() )"
    result = site.php(
        f"foreach ( {hook} as $name => $eraser ) {{"
        f" $results[ $name ] = call_user_func( $eraser['callback'], '{mail}', 1 ); }}"
        " return $results;"
    )
    assert next(iter(result)) == "house-rules"
    assert result["house-rules"] == {
        "items_removed": True,
        "items_retained": False,
        "messages": [],
        "done": True,
    }
    _, lines = service.ask("GET", "/v1/export", key=newspaper.admin)
    rows = [json.loads(line) for line in lines.decode().splitlines()]
    assert not [row for row in rows if row["author"] in (reference, old)]
    assert site.comments("leaving") == []  # WordPress has made it anonymous
    kept = "SELECT COUNT(*) FROM $wpdb->commentmeta WHERE meta_value LIKE '%read you again%'"
    assert site.php(f'global $wpdb; return $wpdb->get_var( "{kept}" );') == "0"
    guide = Moderator(site).get("/wp-admin/options-privacy.php", tab="policyguide")
    assert "a program that we run ourselves checks it against our house rules" in guide
    assert site.complaints() == []


def test_uninstalling(newspaper: Newspaper) -> None:
    """Nothing is left. Afterwards the plug-in installs itself again."""
    site = newspaper.site
    count = """global $wpdb; $like = "LIKE '%house_rules%'"; return array(
        $wpdb->get_col( "SELECT meta_key FROM $wpdb->commentmeta WHERE meta_key $like" ),
        $wpdb->get_col( "SELECT option_name FROM $wpdb->options WHERE option_name $like" ),
        $wpdb->get_col( "SHOW TABLES $like" ),
        strpos( wp_json_encode( get_option( 'cron' ) ), 'house_rules' ),
    );"""
    site.comment("The last comment before the plug-in goes.", "last")
    site.php("update_option( 'active_plugins', array() ); return true;")
    site.php(
        "define( 'WP_UNINSTALL_PLUGIN', true );"
        f" require WP_PLUGIN_DIR . '/{PLUGIN.name}/uninstall.php'; return true;"
    )
    assert site.php(count) == [[], [], [], False]
    newspaper.connect(HOUSE_RULES)
    site.comment("The first comment after the plug-in has come back.", "back")
    assert only(newspaper, "back")["comment_approved"] == "1"
    assert site.complaints() == []
