"""A page looked at in a real browser: what it asks for and what it complains about fails whoever looks."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from tests.long import long

Scheme = Literal["light", "dark"]
LOOKS = [(390, "dark"), (1280, "light"), *long((390, "light"), (1280, "dark"))]  # a phone's width in px, and a desk's
ALONE = pytest.mark.skipif(
    "PYTEST_XDIST_WORKER" in os.environ, reason="measured where nothing runs beside it: pytest -n 0 tests/browser"
)
NAMES = ("chromium", "chromium-browser", "google-chrome")  # as systems name the program
AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
_SERIOUS = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
    .filter(({impact}) => impact === "serious" || impact === "critical")
    .map(({id, impact, help, nodes}) =>
        `${id} (${impact}): ${help}: ${nodes.map(({target}) => target.join(" ")).join(", ")}`)"""


def program() -> str | None:
    """The Chromium of this machine."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def running(path: str) -> Iterator[Browser]:
    """A Chromium without a window. Until it ends, its thread has a running event loop: it is no session's."""
    with sync_playwright() as playwright:
        sandbox = os.geteuid() != 0  # it refuses to make one as root
        browser = playwright.chromium.launch(executable_path=path, chromium_sandbox=sandbox)
        yield browser
        browser.close()


@contextmanager
def looking(browser: Browser, path: Path, width: int, scheme: Scheme) -> Iterator[Page]:
    """The page of a file. Raises AssertionError where it logs an error, throws one, or asks for anything else."""
    address, faults = path.resolve().as_uri(), list[str]()

    def logged(message: ConsoleMessage) -> None:
        if message.type == "error":
            faults.append(message.text)

    def asked(request: Request) -> None:
        if request.url.partition("#")[0] != address and not request.url.startswith("data:"):
            faults.append(f"asks for {request.url}")

    with browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme) as context:
        page = context.new_page()
        page.set_default_timeout(10_000)  # ms
        page.on("console", logged)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", asked)
        page.goto(address)
        assert not faults, faults
        yield page
        page.evaluate("1")  # what it has logged until now arrives before the answer
        assert not faults, faults


def violations(page: Page) -> list[str]:
    """What axe-core finds serious or critical: the rule, how bad, and the elements."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(_SERIOUS)
    return found
