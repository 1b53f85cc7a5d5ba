"""Isso with House rules: run `isso_house_rules:application` instead of `isso.run:application`.

The service decides before a comment is stored: it is published, pending or refused. Without a
decision it is pending, and a thread asks again. The thread also sends the moderators' verdicts.

    ISSO_SETTINGS=isso.cfg HOUSE_RULES_URL=https://moderation.example HOUSE_RULES_KEY=hr-… \
        gunicorn --workers 1 --threads 8 isso_house_rules:application

`HOUSE_RULES_RETRY_S` is how often the thread looks for work, in seconds (60).
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import threading
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from house_rules import Comment, HouseRules, HouseRulesError, RefusedError
from isso import config, local, make_app
from isso.db.comments import Comments
from isso.views import comments as views
from itsdangerous import BadSignature
from werkzeug.exceptions import Forbidden

log = logging.getLogger("isso.house_rules")
PUBLISHED, PENDING = 1, 2
VERDICTS = {"activate": "approve", "delete": "reject"}
UNDECIDABLE = {400, 413, 422}  # the service will never decide about this text
UNWANTED = {404, 409, 410, 422}  # the service will never take this verdict
DEADLINE_S = 3.0  # a reader waits
RETRY_S = float(os.environ.get("HOUSE_RULES_RETRY_S", "60"))

# One row for each text that the service is asked about. SQLite gives the id of a deleted comment to
# the next one, so `created` tells them apart. `decision` is empty if the service cannot decide.
TABLES = (
    """CREATE TABLE IF NOT EXISTS house_rules (
    id INTEGER PRIMARY KEY AUTOINCREMENT, comment INTEGER NOT NULL, created FLOAT NOT NULL,
    text TEXT NOT NULL, request TEXT NOT NULL, decision TEXT, verdict TEXT)""",
    "CREATE INDEX IF NOT EXISTS house_rules_comment ON house_rules (comment, created)",
)
NEWEST = """id = (SELECT max(id) FROM house_rules AS other
    WHERE other.comment = house_rules.comment AND other.created = house_rules.created)"""
LIVING = """EXISTS (SELECT 1 FROM comments WHERE comments.id = house_rules.comment
    AND comments.created = house_rules.created AND comments.mode IN (1, 2))"""


class HiddenComments(Comments):
    """Isso's comments. An author's edit hides the comment in the same statement."""

    def update(self, id: int, data: dict[str, Any]) -> Any:  # noqa: A002 - Isso's name
        """Store an edit."""
        hidden = {"mode": PENDING} if local.request.method == "PUT" else {}
        return super().update(id, {**data, **hidden})


class ModeratedAPI(views.API):
    """Isso's views. They ask the service about every comment and every edit."""

    def __init__(self, isso: Any, hasher: Any) -> None:
        isso.db.comments = HiddenComments(isso.db)
        for statement in TABLES:
            isso.db.execute(statement)
        super().__init__(isso, hasher)
        self.approve_if_email_previously_approved = False  # it would publish doubtful comments
        url, key = os.environ["HOUSE_RULES_URL"], os.environ["HOUSE_RULES_KEY"]
        self.rules = HouseRules(url, key, timeout=DEADLINE_S, deadline=DEADLINE_S, tries=2)
        self.work, self.tidying = threading.Event(), threading.Lock()
        signals = self.signal.subscriptions
        signals["comments.new:before-save"].append(self.before_save)
        signals["comments.new:after-save"].append(self.after_save)
        signals["comments.edit"].append(self.after_edit)
        threading.Thread(target=self.catch_up, daemon=True).start()

    def before_save(self, thread: Mapping[str, Any], comment: dict[str, Any]) -> None:
        """Publish or hold a new comment. Raises `Forbidden` if the service rejects it."""
        valid, reason = self.guard.validate(thread["uri"], comment)  # as Isso does next
        if not valid:
            raise Forbidden(reason)
        parent = self.comments.get(comment["parent"]) if comment["parent"] else None
        request: Comment = {
            "id": f"isso:{uuid4()}",
            "text": self.isso.render(comment["text"]),  # Markdown: what readers will see
            "format": "html",
            "author": self.author(comment),
            "article": thread["title"],
            "parent": parent["text"] if parent else None,
        }
        answer = self.ask(request)
        if answer and answer["action"] == "reject":
            raise Forbidden(message(answer))
        comment["mode"] = PUBLISHED if answer and answer["action"] == "approve" else PENDING
        local.house_rules = (request, answer)

    def after_save(self, _thread: Mapping[str, Any], comment: Mapping[str, Any]) -> None:
        """Keep the decision's id, or what to ask again."""
        request, answer = local.house_rules
        self.keep(comment, request, answer)

    def after_edit(self, edited: dict[str, Any]) -> None:
        """Ask about an author's edit now, and about a moderator's edit in the thread."""
        comment = self.comments.get(edited["id"])
        rows = self.rows(f"comment = ? AND created = ? AND {NEWEST}", *identity(comment))
        request: Comment = {"id": f"isso:{uuid4()}", "author": self.author(comment), "text": ""}
        if rows:
            request = json.loads(rows[0]["request"])
        request |= {"text": self.isso.render(comment["text"]), "format": "html"}
        answer = self.ask(request) if local.request.method == "PUT" else None
        self.keep(comment, request, answer)
        if answer:
            self.publish(comment["id"], comment["created"], comment["text"], answer)
        edited["mode"] = self.comments.get(edited["id"])["mode"]
        self.work.set()

    def moderate(self, environ: Any, request: Any, id: int, action: str, key: str) -> Any:  # noqa: A002, ARG002 - Isso's names
        """Do what Isso does, and keep the verdict for the thread to send."""
        try:
            signed = self.isso.unsign(key, max_age=2**32)
        except BadSignature:
            raise Forbidden from None
        comment = self.comments.get(signed)
        with self.tidying:
            response = super().moderate(environ, request, signed, action, key)
            decides = action == "delete" or (action == "activate" and comment["mode"] == PENDING)
            if request.method == "POST" and decides:
                self.isso.db.execute(
                    f"UPDATE house_rules SET verdict = ? "  # noqa: S608 - constants
                    f"WHERE comment = ? AND created = ? AND {NEWEST}",
                    (VERDICTS[action], *identity(comment)),
                )
        self.work.set()
        return response

    def author(self, comment: Mapping[str, Any]) -> str:
        """Return the hash that Isso shows instead of the author's address."""
        return f"isso:{self.hash(comment['email'] or comment['remote_addr'])}"

    def ask(self, request: Comment) -> Mapping[str, Any] | None:
        """Return the decision, or None if it makes sense to ask again."""
        try:
            return self.rules.moderate(request)
        except HouseRulesError as error:
            log.warning("no decision about %s: %s", request["id"], error)
            final = isinstance(error, RefusedError) and error.problem["status"] in UNDECIDABLE
        return {"id": "", "action": "review", "reasons": []} if final else None

    def keep(
        self, comment: Mapping[str, Any], request: Comment, answer: Mapping[str, Any] | None
    ) -> None:
        """Add a row about a comment's text."""
        values = (*identity(comment), comment["text"], json.dumps(request), answer and answer["id"])
        self.isso.db.execute(
            "INSERT INTO house_rules (comment, created, text, request, decision) "
            "VALUES (?, ?, ?, ?, ?)",
            values,
        )

    def publish(self, comment: int, created: float, text: str, answer: Mapping[str, Any]) -> None:
        """Publish a comment if this text is approved and still the comment's text."""
        if answer["action"] == "approve":
            self.isso.db.execute(
                "UPDATE comments SET mode = 1 "
                "WHERE id = ? AND created = ? AND text = ? AND mode = 2",
                (comment, created, text),
            )

    def catch_up(self) -> None:
        """Ask again, and send verdicts, for as long as Isso runs."""
        while True:
            self.work.wait(RETRY_S)
            self.work.clear()
            try:
                self.tidy()
                self.ask_again()
                self.send_verdicts()
            except sqlite3.Error as error:
                log.warning("Isso's database: %s", error)

    def tidy(self) -> None:
        """Forget old texts and deleted comments, except for verdicts that are still to be sent."""
        with self.tidying:
            self.isso.db.execute(
                f"DELETE FROM house_rules WHERE NOT ({LIVING} AND {NEWEST}) "  # noqa: S608 - constants
                "AND (verdict IS NULL OR decision = '')"
            )

    def ask_again(self) -> None:
        """Ask about every text without a decision, until the service does not answer."""
        for row in self.rows("decision IS NULL"):
            answer = self.ask(json.loads(row["request"]))
            if not answer:
                return
            done = "UPDATE house_rules SET decision = ? WHERE id = ?"
            self.isso.db.execute(done, (answer["id"], row["id"]))
            self.publish(row["comment"], row["created"], row["text"], answer)

    def send_verdicts(self) -> None:
        """Send the moderators' verdicts, until the service does not answer."""
        for row in self.rows("verdict IS NOT NULL AND decision > ''"):
            try:
                self.rules.give_verdict(row["decision"], row["verdict"], "isso")
            except HouseRulesError as error:
                log.warning("a verdict on %s is not recorded: %s", row["decision"], error)
                if not isinstance(error, RefusedError) or error.problem["status"] not in UNWANTED:
                    return
            done = "UPDATE house_rules SET verdict = NULL WHERE id = ? AND verdict = ?"
            self.isso.db.execute(done, (row["id"], row["verdict"]))

    def rows(self, condition: str, *values: Any) -> list[dict[str, Any]]:
        """Return the rows that meet a condition, in random order.

        So a text about which the service always fails holds up no other.
        """
        names = ("id", "comment", "created", "text", "request", "decision", "verdict")
        query = f"SELECT {', '.join(names)} FROM house_rules WHERE {condition} ORDER BY random()"  # noqa: S608 - constants
        return [dict(zip(names, row, strict=True)) for row in self.isso.db.execute(query, values)]


def identity(comment: Mapping[str, Any]) -> tuple[int, float]:
    """Return what no other comment has, even if Isso uses its id again."""
    return comment["id"], comment["created"]


def message(answer: Mapping[str, Any]) -> str:
    """Return the reasons as a text for the author."""
    return " ".join(f"{reason['guideline']} {reason['message']}" for reason in answer["reasons"])


views.API = ModeratedAPI
application = make_app(config.load(config.default_file(), os.environ["ISSO_SETTINGS"]))
