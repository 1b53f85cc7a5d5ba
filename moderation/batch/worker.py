"""Describe to other processes what they need to decide: the policy, the models and the program.

A worker is a process that decides about comments for another process, perhaps on another machine.
The worker needs this package, and the same models: shipped ones, or those in a folder that both
machines can read. It loads the models once. Its policy, its program and its models' cards (the
descriptions in the models' folders) must be identical, byte for byte, to those of the process that
sends the work. Otherwise the worker refuses, because all decisions of a run must be made by the
same rules.
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

from moderation import paths, plugins
from moderation.moderator import Moderator
from moderation.policy import Policy, PolicyError
from moderation.scoring import models
from moderation.scoring.card import CARD
from moderation.scoring.models import Models
from moderation.scoring.store import SHIPPED, ModelError, ModelStore

_loading = threading.Lock()  # threads of one worker share the models


class WorkerSpecError(ModelError):
    """A worker process has another policy, other models or another program than the sender."""


@dataclass(frozen=True)
class WorkerSpec:
    """What a worker needs to decide. It is small enough to be sent with each chunk of comments.

    `tables` are the policy's tables as JSON. Relative paths in them start from `folder`. `policy`
    is the policy's hash. `cards` is a digest of the models' cards. A card describes a model and
    contains the hashes of the model's weights.
    """

    tables: str
    folder: str
    policy: str
    models: str
    versions: tuple[tuple[str, str], ...]
    cards: str
    program: str

    @classmethod
    def of(cls, policy: Policy, folder: Path | None = None) -> WorkerSpec:
        """Return the specification for deciding by `policy` with the models in use in `folder`.

        `folder` defaults to the newsroom's own models, over the shipped ones.
        """
        store = ModelStore.of(folder)
        versions = store.champions()
        return cls(
            tables=json.dumps(policy.tables, ensure_ascii=False),
            folder=str(policy.folder.absolute()),
            policy=policy.hash,
            models=str(store.own.absolute()),
            versions=tuple(sorted(versions.items())),
            cards=_cards(store, versions),
            program=_program(),
        )

    def moderator(self) -> Moderator:
        """Return a moderator that fits this specification. Each process loads the moderator once.

        Raises `WorkerSpecError` if this process has another policy, other models or another
        program.

        >>> WorkerSpec.of(Policy.load()).moderator().policy.hash == Policy.load().hash
        True
        """
        with _loading:
            return _moderator(self)


@lru_cache(maxsize=1)
def _moderator(spec: WorkerSpec) -> Moderator:
    if _program() != spec.program:
        raise _refusal("another version of house-rules, of a plug-in or of Python")
    try:
        policy = Policy.of(json.loads(spec.tables), Path(spec.folder))
    except PolicyError as error:
        raise _refusal(f"no such policy ({error})") from None
    if policy.hash != spec.policy:
        raise _refusal("other content in the files that the policy names")
    store, versions = ModelStore(Path(spec.models), SHIPPED), dict(spec.versions)
    try:
        scorers = {model[0]: models.load(store.find(*model)) for model in versions.items()}
        cards = _cards(store, versions)
    except (ModelError, OSError) as error:
        raise _refusal(f"not the models ({error})") from None
    if cards != spec.cards:
        raise _refusal("other models under the same names")
    return Moderator(policy, Models(scorers, versions))


def _refusal(problem: str) -> WorkerSpecError:
    return WorkerSpecError(f"worker {platform.node()} has {problem}; it made no decision")


def _cards(store: ModelStore, versions: dict[str, str]) -> str:
    """Return a digest of the cards (descriptions) of these versions of models.

    Two folders with equal digests have the same models.
    """
    return _digest([store.find(*model) / CARD for model in sorted(versions.items())])


@lru_cache(maxsize=1)
def _program() -> str:
    """Return a digest of this library's code and of the plug-ins' code, with Python's version.

    Versions of Python have different Unicode data, so they may decide differently.
    """
    python = ".".join(platform.python_version_tuple()[:2])
    return f"{python} {_digest([*paths.sources(), *plugins.sources()])}"


def _digest(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    return f"sha256:{digest.hexdigest()}"
