"""Pages in a browser: Chromium for a file of tests, a context of its own for each page."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.look import NAMES, Scheme, looking, program, running, violations

Opened = Callable[..., Page]
Axe = Callable[[Page], list[str]]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A Chromium; skips where the system has none. Of the module, since other tests need its thread's event loop."""
    path = program()
    if path is None:
        pytest.skip(f"there is no Chromium: none of {', '.join(NAMES)} is on the path")
    with running(path) as browser:
        yield browser


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Opened]:
    """`opened(path, width=1280, scheme="light")` is a file's page, watched as `looking` says until the end."""
    with ExitStack() as stack:

        def open_it(path: Path, width: int = 1280, scheme: Scheme = "light") -> Page:
            return stack.enter_context(looking(chromium, path, width, scheme))

        yield open_it


@pytest.fixture
def axe() -> Axe:
    """`axe(page)`: what axe-core finds serious or critical on a page."""
    return violations
