"""Work for another process: comments to judge, and by which policy, models and program.

A worker has the package installed and finds the models where this machine does: those that come
along, or a folder that both can see. It loads them once. Policy, models' cards and program must
be those that the work was given out with, to the byte; else it refuses, for one run of decisions
must not be made by two newspapers' rules.
"""

from __future__ import annotations

import hashlib
import json
import platform
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from moderation import paths
from moderation.moderator import Moderator
from moderation.policy import Policy, PolicyError
from moderation.scoring import models, store
from moderation.scoring.models import Models
from moderation.scoring.store import ModelError

_loading = threading.Lock()  # a worker may have several threads, and needs the models once


class WorkerSpecError(ModelError):
    """A worker that would judge by other rules, other models or another program."""


@dataclass(frozen=True)
class WorkerSpec:
    """What a worker judges by: small enough to be sent along with every chunk of comments.

    `tables` are the policy's, as JSON, and `folder` is where files are that it names; `cards`
    are the digests of the models' cards, which hold those of their weights.
    """

    tables: str
    folder: str
    policy: str
    models: str | None
    versions: tuple[tuple[str, str], ...]
    cards: str
    program: str

    @classmethod
    def of(cls, policy: Policy, folder: Path | None = None) -> WorkerSpec:
        """The work of judging by `policy` and the champions in `folder` (the shipped ones)."""
        versions = store.champions(folder or store.SHIPPED)
        return cls(
            tables=json.dumps(policy.tables, ensure_ascii=False),
            folder=str(policy.folder.absolute()),
            policy=policy.hash,
            models=str(folder.absolute()) if folder else None,
            versions=tuple(sorted(versions.items())),
            cards=_cards(folder or store.SHIPPED, versions),
            program=_program(),
        )

    def moderator(self) -> Moderator:
        """The moderator of this process for this work, loaded once.

        Raises `WorkerSpecError` where it would not be the one the work is meant for.

        >>> WorkerSpec.of(Policy.load()).moderator().policy.hash == Policy.load().hash
        True
        """
        with _loading:
            return _moderator(self)


@lru_cache(maxsize=1)
def _moderator(work: WorkerSpec) -> Moderator:
    if _program() != work.program:
        raise _refused("another version of house-rules or of Python's minor version")
    try:
        policy = Policy.of(json.loads(work.tables), Path(work.folder))
    except PolicyError as error:
        raise _refused(f"no such policy ({error})") from None
    if policy.hash != work.policy:
        raise _refused("other words in the files that the policy names")
    root, versions = Path(work.models) if work.models else store.SHIPPED, dict(work.versions)
    try:
        readers = {name: models.load(root / name / version) for name, version in versions.items()}
        cards = _cards(root, versions)
    except (ModelError, OSError) as error:
        raise _refused(f"not the models ({error})") from None
    if cards != work.cards:
        raise _refused("other models under the same names")
    return Moderator(policy, Models(readers, versions))


def _refused(what: str) -> WorkerSpecError:
    return WorkerSpecError(f"worker {platform.node()} has {what}; nothing was judged by it")


def _cards(root: Path, versions: dict[str, str]) -> str:
    """A digest of the cards of the models."""
    paths = [root / name / version / "card.json" for name, version in sorted(versions.items())]
    return _digest(paths)


@lru_cache(maxsize=1)
def _program() -> str:
    """Return a digest of the library, with Python's version: its `str` differs by version."""
    sources = [path for path in paths.PACKAGE.rglob("*") if path.suffix in (".py", ".toml")]
    python = ".".join(platform.python_version_tuple()[:2])
    return f"{python} {_digest(sorted(sources))}"


def _digest(paths: Sequence[Path]) -> str:
    whole = hashlib.sha256()
    for path in paths:
        whole.update(path.read_bytes())
    return f"sha256:{whole.hexdigest()}"
