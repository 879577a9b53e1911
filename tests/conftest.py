"""Hypothesis draws the same examples on every machine and in every run; servers are the session's."""

import logging
import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.servers import postgres, redis, s3

__all__ = ["postgres", "redis", "s3"]

settings.register_profile("same-everywhere", derandomize=True, deadline=None, database=None)
settings.load_profile("same-everywhere")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so a shell begins what runs in the background, and children
    signal.signal(signal.SIGINT, signal.default_int_handler)  # would inherit it: no Ctrl-C would ever reach them


@pytest.fixture(autouse=True)
def _logger_given_back() -> Iterator[None]:
    """The command `evidence` takes the logger of that name for itself."""
    logger = logging.getLogger("evidence")
    handlers, level, propagate = list(logger.handlers), logger.level, logger.propagate
    yield
    logger.handlers, logger.propagate = handlers, propagate
    logger.setLevel(level)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With EVIDENCE_ALL=1 a skipped test is a failure: CI has what every test needs.

    But for a rule of the conformance kit that needs what its store does not offer.
    """
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = [] if reporter is None else reporter.stats.get("skipped", [])
    if os.environ.get("EVIDENCE_ALL") and any("not run: it needs" not in str(one.longrepr) for one in skipped):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
