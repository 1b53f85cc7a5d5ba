"""The page for trying a comment, on the real server: it does not slow the API down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.faults.service import Service, running, until

LONG = urlencode({"text": "The bridge is open. " * 1_000, "article": "A fine bridge. " * 6_600})


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service with the shipped policy and models, one worker and no key."""
    folder = tmp_path_factory.mktemp("try")
    database = f"sqlite:///{folder}/record.sqlite"
    with running(Service(folder / "service", database, workers=1, shipped=True)) as started:
        yield started


def tried(service: Service, body: str = LONG) -> tuple[int, bytes]:
    """Send the page's form. Return the answer."""
    form = "application/x-www-form-urlencoded"
    return service.ask("POST", "/try", body.encode(), Content_Type=form)


def test_one_at_a_time(shipped: Service) -> None:
    """Of concurrent tries, one is answered and the others must wait. The API answers."""
    answers: Counter[int] = Counter()
    busy = b""

    def storm() -> bool:
        nonlocal busy
        with ThreadPoolExecutor(16) as pool:
            sent = [pool.submit(tried, shipped) for _ in range(16)]
            assert shipped.decide("The bridge is fine.")["action"] == "approve"
            results = [future.result() for future in sent]
        answers.update(status for status, _ in results)
        busy = next((page for status, page in results if status == 503), busy)
        return {200, 503} <= answers.keys()

    until(storm, "an answer and a refusal")
    assert answers.keys() == {200, 503}
    assert b"Another comment is being read just now." in busy
    assert tried(shipped)[0] == 200


def test_an_article_has_the_length_that_the_api_takes(shipped: Service) -> None:
    """At most 100,000 characters are allowed. The error is at the field."""
    most = urlencode({"text": "A fine bridge.", "article": "x" * 100_000})
    assert tried(shipped, most)[0] == 200
    status, page = tried(shipped, most + "x")
    assert status == 422
    assert b'data-field="article"' in page
    assert b"The article must have at most 100000 characters" in page
    api = {"text": "A fine bridge.", "article": "x" * 100_001}
    assert shipped.ask("POST", "/v1/moderate", api)[0] == 422


@pytest.mark.parametrize(
    ("setting", "before", "after"),
    [("", 200, 404), ("true", 200, 200), ("false", 404, 404)],
)
def test_it_goes_with_the_first_key(tmp_path: Path, setting: str, before: int, after: int) -> None:
    """The first key removes the page unless the setting keeps it. The icon stays."""
    environment = {"MODERATION_TRY_PAGE": setting}
    database = f"sqlite:///{tmp_path}/record.sqlite"
    stopped = Service(tmp_path / "service", database, workers=1, environment=environment)
    with running(stopped) as service:
        announced = "try a comment" in service.stderr
        assert (service.ask("GET", "/try")[0], announced) == (before, before == 200)
        key = service.make_key("read")
        until(lambda: service.ask("GET", "/v1/queue")[0] == 401, "the service to ask for a key")
        until(lambda: service.ask("GET", "/try")[0] == after, "the page's status with a key")
        assert tried(service)[0] == after
        assert service.ask("GET", "/docs")[0] == 200
        assert service.ask("GET", "/desk/static/icon.svg")[0] == 200
        assert service.ask("GET", "/v1/queue", key=key)[0] == 200
