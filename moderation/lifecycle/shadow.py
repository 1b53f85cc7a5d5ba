"""Read and write which challenger runs in shadow.

A challenger is a version of a model that may replace the version in use. In shadow, the challenger
decides some of the comments too, without any effect. `shadow.json`, next to `champion.json`, names
the challenger and the share of comments. The service reads this file (`api/background/shadow.py`),
and `moderation models compare` shows the results.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple, Self

from moderation.decision import Action
from moderation.scoring.store import AnyStore, ModelError, ModelStore, write_json

SHADOW = "shadow.json"


@dataclass(frozen=True)
class Shadow:
    """The challenger that runs in shadow: its share of the comments, since when, who started it.

    In shadow, a challenger decides comments without any effect.
    """

    model: str
    version: str
    share: float
    since: str
    who: str

    @classmethod
    def read(cls, root: AnyStore) -> Self | None:
        """Read `shadow.json` of the models in `root`. Return None if there is no such file.

        Raises `ModelError` if the file cannot be read.
        """
        path = ModelStore.of(root).own / SHADOW
        try:
            shadow = cls(**json.loads(path.read_text("utf-8")))
            names = (shadow.model, shadow.version)
            if all(isinstance(name, str) for name in names) and shadow.share > 0:
                return shadow
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError):
            pass
        raise ModelError(f"{path} cannot be read: moderation models shadow --off removes it")

    def write(self, root: AnyStore) -> None:
        """Write `shadow.json`. The service then lets the challenger decide in shadow."""
        folder = ModelStore.of(root).own
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / SHADOW, asdict(self))

    def takes(self, decision: str) -> bool:
        """Return whether the challenger also decides the comment of the decision with this id.

        A hash of the id selects the challenger's share of the comments, so the answer for an id
        never changes.

        >>> half = Shadow("spam", "new", 0.5, "", "")
        >>> [half.takes(id_) for id_ in "abcd"]
        [False, True, True, True]
        """
        digest = hashlib.sha256(decision.encode()).digest()
        return int.from_bytes(digest[:8]) < self.share * 2**64


def end_shadow(root: AnyStore) -> None:
    """End the challenger's run in shadow. The challenger's decisions stay in the database."""
    (ModelStore.of(root).own / SHADOW).unlink(missing_ok=True)


class ShadowPair(NamedTuple):
    """The decisions of the champion and of a challenger in shadow about the same comment.

    `verdict` is a moderator's verdict, if any. `moved` is the largest difference between a score of
    the champion's decision and the same score of the challenger's.
    """

    decision: str
    comment: str | None
    champion: Action
    challenger: Action
    moved: float
    verdict: Action | None
    policy: str
    at: datetime
