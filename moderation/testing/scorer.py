"""Test a scorer: a kind of model that a plug-in adds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from moderation.guard import CPU_S
from moderation.scoring.plugin import scorer_problem, scores_problem
from moderation.scoring.scorer import Probabilities, Scorer
from moderation.scoring.store import Files
from moderation.testing import samples
from moderation.text.reading import Text, Weight, read

_MOST_PROBLEMS = 3
_CLOSE = 1e-6  # how far a score may depend on the other texts of a batch


def check_scorer(module: Any, folder: Path | str) -> None:
    """Test that `module.load` gives a good scorer for the model in `folder`.

    Its scores must be from 0 to 1, and must be the same again, in another order, and for a text
    alone as in a batch. Its explanations must lie inside the text. It must not change the text, or
    use files and network once it is loaded, or take long.

    Raises `AssertionError`, whose message lists what is wrong.
    """
    problems = list(_problems(module, Path(folder)))[:_MOST_PROBLEMS]
    if problems:
        name = getattr(module, "__name__", repr(module))
        raise AssertionError(f"{name} is no good scorer:\n" + "\n".join(f"- {p}" for p in problems))


def _problems(module: Any, folder: Path) -> Iterator[str]:
    if not callable(getattr(module, "load", None)):
        yield "has no function load(files)"
        return
    scorer = module.load(Files.open(folder))
    if problem := scorer_problem(scorer):
        yield problem
        return
    try:
        yield from _scores_problems(scorer)
        yield from _explain_problems(scorer)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, it is reported
        yield f"the scorer raised {type(error).__name__}: {error}"


def _texts() -> list[Text]:
    return [read(comment) for comment in (*samples.ODD, *samples.HARMLESS, *samples.NOISE)]


def _scores_problems(scorer: Scorer) -> Iterator[str]:
    texts = _texts()
    first = scorer.score(texts)
    if problem := scores_problem(scorer.heads, first, len(texts)):
        yield problem
        return
    with samples.watched() as events:
        again = scorer.score(_texts())
    if events:
        yield f"score used {', '.join(sorted(set(events)))}; load reads all files"
    if any(text.clean != same.clean or text.raw != same.raw for text, same in _pairs(texts)):
        yield "score changed a text"
    backwards = {head: values[::-1] for head, values in scorer.score(_texts()[::-1]).items()}
    alone = [scorer.score([text]) for text in _texts()]
    singly = {head: np.array([scores[head][0] for scores in alone]) for head in scorer.heads}
    yield from _differences(first, again, "for the same texts again")
    yield from _differences(first, backwards, "for the same texts in another order")
    yield from _differences(first, singly, "for a text alone")
    yield from _slow(scorer)


def _pairs(texts: list[Text]) -> Iterator[tuple[Text, Text]]:
    return zip(texts, _texts(), strict=True)


def _differences(
    first: Mapping[str, Probabilities], other: Mapping[str, Probabilities], when: str
) -> Iterator[str]:
    for head, values in first.items():
        apart = np.abs(values - other[head])
        if apart.max() > _CLOSE:
            text = samples.short(_texts()[int(apart.argmax())].raw)
            yield f"{head} of {text} differs by {apart.max():.3g} {when}"


def _slow(scorer: Scorer) -> Iterator[str]:
    for size in samples.SIZES:
        for text in samples.long(size):
            began = time.thread_time()
            scorer.score([text])
            seconds = time.thread_time() - began
            if seconds > CPU_S:
                yield f"a text of {len(text.raw):,} characters took {seconds * 1000:,.0f} ms"
                return


def _explain_problems(scorer: Scorer) -> Iterator[str]:
    texts = _texts()
    scorer.score(texts)
    for text in texts:
        for head in scorer.heads:
            for weight in scorer.explain(text, head):
                if not isinstance(weight, Weight):
                    yield f"explain returned {weight!r}; it must return Weight objects"
                elif not 0 <= weight.start <= weight.end <= len(text.clean):
                    yield f"explain of {samples.short(text.raw)}: {weight} is not inside the text"
