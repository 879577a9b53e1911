"""A report in a browser: read in either scheme and width, by keyboard, printed, with its counterexamples to step."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from evidence_sim.cli import main
from tests.browser.conftest import Axe, Opened
from tests.browser.look import LOOKS, Scheme


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a campaign that breaks promises."""
    folder = tmp_path_factory.mktemp("report")
    asked = ["run", "--machine", "plain-put", "--seeds", "36:1", "--out", str(folder / "traces")]
    assert main([*asked, "--report", str(folder / "run.html")]) == 1
    return folder / "run.html"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a search that breaks none."""
    file = tmp_path_factory.mktemp("report") / "explore.html"
    assert main(["explore", "--ticks", "1", "--faults", "1", "--report", str(file)]) == 0
    return file


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize("name", ["broken", "kept"])
def test_whoever_looks_can_read_it(
    name: str, request: pytest.FixtureRequest, opened: Opened, axe: Axe, width: int, scheme: Scheme
) -> None:
    page = opened(request.getfixturevalue(name), width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe(page) == []


def test_its_counterexamples_are_stepped_and_addressed(broken: Path, opened: Opened) -> None:
    page = opened(broken)
    assert "broken promise" in page.locator("header .verdict").inner_text()
    page.locator("#explorer").focus()
    last = page.locator(".now").inner_text()
    page.keyboard.press("k")
    assert page.locator(".now").inner_text() != last
    expect(page).to_have_url(re.compile(r"#trace=plain-put-cloud-kv-S1&step=\d+$"))


def test_what_is_wide_is_scrolled_by_keyboard(kept: Path, opened: Opened) -> None:
    page = opened(kept, 390)
    wide = page.get_by_role("region", name="Invariants")
    wide.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.activeElement.scrollLeft > 0")


def test_printed_it_keeps_its_drawings_and_loses_its_buttons(broken: Path, kept: Path, opened: Opened) -> None:
    for file, drawing in ((broken, ".lanes .body svg"), (kept, ".drawing svg")):
        page = opened(file, 1280, "dark")
        page.emulate_media(media="print")
        assert page.locator(drawing).first.is_visible()
        assert not page.locator(".screen").first.is_visible()
