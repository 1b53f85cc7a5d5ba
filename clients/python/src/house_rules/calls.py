"""The service's routes: how to ask, and how to recognise the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import quote

from house_rules.exchange import Call
from house_rules.types import (
    Action,
    Appeal,
    Batch,
    Changes,
    Comment,
    Decision,
    Erased,
    Guidelines,
    Health,
    Held,
    Models,
    Notice,
    Problem,
    Queue,
    Recorded,
    Suggest,
)

ACTIONS = ("approve", "review", "reject")
Filter = str | int | None


def moderate(comment: Comment) -> Call[Decision]:
    """Decide about a comment."""
    return Call("POST", "/v1/moderate", _decision, comment)


def batch(content: bytes, count: int) -> Call[list[Decision | Problem]]:
    """Decide about the `count` comments in a body that is already JSON."""

    def answers(answer: Any) -> list[Decision | Problem]:
        decisions = cast(Batch, answer)["decisions"]
        if len(decisions) != count:
            raise ValueError("not one answer for each comment")
        return [item if "status" in item else _decision(item) for item in decisions]

    return Call("POST", "/v1/moderate/batch", answers, content)


def suggest(text: str) -> Call[Suggest]:
    """Correct a text."""
    return Call("POST", "/v1/suggest", _with("text", "changes"), {"text": text})


def guidelines() -> Call[Guidelines]:
    """Read the house rules."""
    return Call("GET", "/v1/guidelines", _with("rules"))


def models() -> Call[Models]:
    """Read which models are in use."""
    return Call("GET", "/v1/models", _with())


def health() -> Call[Health]:
    """Ask whether the service is ready."""
    return Call("GET", "/readyz", _with())


def decision(decision_id: str) -> Call[Recorded]:
    """Read a decision."""
    return Call("GET", _path(decision_id), _recorded)


def notice(decision_id: str) -> Call[Notice]:
    """Read the notice to the author."""
    return Call("GET", _path(decision_id, "/notice"), _with())


def queue(**filters: Filter) -> Call[Queue]:
    """Read a page of the decisions that wait for a person."""
    return Call("GET", "/v1/queue", _with("decisions", "next"), params=_params(filters))


def changes(**filters: Filter) -> Call[Changes]:
    """Read a page of the decisions that changed."""
    return Call("GET", "/v1/decisions", _with("decisions", "next"), params=_params(filters))


def verdict(
    decision_id: str, action: Action, who: str, reason: str | None = None
) -> Call[Recorded]:
    """Record a moderator's verdict."""
    body = {"action": action, "who": who, "reason": reason}
    return _write(_path(decision_id, "/verdict"), body)


def appeal(decision_id: str, reason: str, who: str | None) -> Call[Appeal]:
    """Record an author's appeal."""
    body = {"reason": reason, "who": who}
    return Call("POST", _path(decision_id, "/appeal"), _with(), body, repeatable=False)


def acknowledge(decision_id: str, who: str) -> Call[Recorded]:
    """Confirm that an appeal was received."""
    return _write(_path(decision_id, "/appeal/acknowledgement"), {"who": who})


def settle(decision_id: str, action: Action, who: str, reason: str) -> Call[Recorded]:
    """Decide about an appeal."""
    body = {"action": action, "who": who, "reason": reason}
    return _write(_path(decision_id, "/appeal/outcome"), body)


def claim(decision_id: str, who: str, minutes: int | None) -> Call[Recorded]:
    """Take a comment to work on."""
    body = {"who": who} if minutes is None else {"who": who, "minutes": minutes}
    return Call("POST", _path(decision_id, "/claim"), _recorded, body)


def release(decision_id: str, who: str) -> Call[Recorded]:
    """Give a comment back to the queue."""
    return Call("DELETE", _path(decision_id, "/claim"), _recorded, params=_params({"who": who}))


def erase(comment_id: str | None, author: str | None, community: str | None) -> Call[Erased]:
    """Erase the personal data of a comment or an author."""
    body = {"comment_id": comment_id, "author": author, "community": community}
    return Call("POST", "/v1/erase", _with("erased"), body)


def hold(
    comment_id: str | None, author: str | None, community: str | None, until: str | None
) -> Call[Held]:
    """Keep a comment or an author's comments for legal reasons."""
    body = {"comment_id": comment_id, "author": author, "community": community, "until": until}
    return Call("POST", "/v1/hold", _with(), body)


def _write(path: str, body: Mapping[str, Any]) -> Call[Recorded]:
    return Call("POST", path, _recorded, dict(body), repeatable=False)


def _path(decision_id: str, rest: str = "") -> str:
    return f"/v1/decisions/{quote(decision_id, '')}{rest}"


def _params(filters: Mapping[str, Filter]) -> dict[str, str | int]:
    return {name: value for name, value in filters.items() if value is not None}


def _with(*names: str) -> Callable[[Any], Any]:
    """Return a function that returns an answer, if it is an object with these fields."""

    def read(answer: Any) -> Any:
        if not isinstance(answer, dict):
            raise TypeError("not an object")
        for name in names:
            answer[name]
        return answer

    return read


def _decision(answer: Any) -> Decision:
    if answer["action"] not in ACTIONS:
        raise ValueError("no action")
    return cast(Decision, answer)


def _recorded(answer: Any) -> Recorded:
    if answer["standing"] not in ACTIONS:
        raise ValueError("no action")
    return cast(Recorded, _decision(answer))
