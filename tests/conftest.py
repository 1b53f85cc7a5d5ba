"""What all tests share: in CI a skipped test is a failed run, for nobody reads its reason there."""

import os

import pytest
from hypothesis import settings

# No test is about time, and in CI the same commit gives the same result.
settings.register_profile("house", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("house")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run of CI that skipped something."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
