"""Comments and functions that the drivers share."""

import json
import os
from collections.abc import Callable
from typing import Any

KEY, BASE = os.environ["KEY"], os.environ["BASE"]
ABUSE = "You are a stupid idiot and everybody here knows it."
FINE = "The council should publish its figures before the vote next week."
BLOG = "https://paper.example"


def attempt(call: Callable[[], Any], describe: Callable[[Exception], Any] = str) -> Any:
    """Return the result of a call, or the client's exception as a dictionary."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - whatever the client raises is what is recorded
        return {"raised": type(error).__name__, "says": describe(error)}


def tell(**received: Any) -> None:
    """Print what the client received."""
    print(json.dumps(received, ensure_ascii=False))  # noqa: T201 - a program of its own
