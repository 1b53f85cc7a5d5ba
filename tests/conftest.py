"""Settings of all tests. A skipped test fails a CI run, because its reason goes unread there."""

import os

import pytest
from hypothesis import settings

# Tests have no time limit, and in CI the same commit gives the same result.
settings.register_profile("house", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("house")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a CI run with a skipped test."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
