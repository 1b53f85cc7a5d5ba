"""Which challenger runs in shadow: it decides beside the champion, and nothing follows from it.

`shadow.json` beside `champion.json` says which, and about how many of the comments. The service
reads it (`api/background/shadow.py`); `moderation models compare` tells what was found.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Self

from moderation.decision import Action
from moderation.scoring.store import ModelError, put

SHADOW = "shadow.json"


@dataclass(frozen=True)
class Shadow:
    """A challenger in shadow, on which share of the comments, since when and by whom."""

    model: str
    version: str
    share: float
    since: str
    who: str

    @classmethod
    def read(cls, root: Path) -> Self | None:
        """The challenger in shadow under `root`, if there is one. Raises `ModelError`."""
        try:
            found = cls(**json.loads((root / SHADOW).read_text("utf-8")))
            if isinstance(found.model, str) and isinstance(found.version, str) and found.share > 0:
                return found
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError):
            pass
        raise ModelError(
            f"{root / SHADOW} cannot be read: moderation models shadow --off removes it"
        )

    def write(self, root: Path) -> None:
        """Let it begin."""
        put(root / SHADOW, asdict(self))

    def takes(self, decision: str) -> bool:
        """Whether the decision of this id is in the share: always the same ones, by hash.

        >>> half = Shadow("spam", "new", 0.5, "", "")
        >>> [half.takes(id_) for id_ in "abcd"]
        [False, True, True, True]
        """
        digest = hashlib.sha256(decision.encode()).digest()
        return int.from_bytes(digest[:8]) < self.share * 2**64


def end(root: Path) -> None:
    """No challenger runs in shadow any more. What it decided stays in the record."""
    (root / SHADOW).unlink(missing_ok=True)


class Pair(NamedTuple):
    """What champion and challenger decided about one comment, and what a moderator said of it.

    `moved` is by how much the score differs that differs most.
    """

    decision: str
    comment: str | None
    champion: Action
    challenger: Action
    moved: float
    verdict: Action | None
    policy: str
    at: datetime
