"""The base of all pages is sound in a browser, and whoever looks at a page sees what is wrong with it."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from evidence_runtime.pages import render
from tests.browser.conftest import Axe, Opened
from tests.browser.look import LOOKS, Scheme, looking

FAULTY = {
    "throws": "<script>throw new Error('planted')</script>",
    "logs": "<script>console.error('planted')</script>",
    "asks": "<script>fetch('planted.json').catch(() => {})</script>",
    "image": "<img src='http://127.0.0.1:9/planted.png' alt='planted'>",
    "late": "<button onclick='throw new Error(\"planted\")'>Break</button>",
}


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_base_is_sound(tmp_path: Path, opened: Opened, axe: Axe, width: int, scheme: Scheme) -> None:
    file = tmp_path / "base.html"
    file.write_text(render("evidence_runtime.pages", "base.html", title="<b>Base</b>"), encoding="utf-8")
    page = opened(file, width, scheme)
    assert page.title() == "<b>Base</b>" and page.locator("h1").inner_text() == "<b>Base</b>"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe(page) == []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"


@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_of_a_page_is_seen(tmp_path: Path, chromium: Browser, name: str) -> None:
    file = tmp_path / "faulty.html"
    file.write_text(f"<!doctype html><title>Faulty</title>{FAULTY[name]}", encoding="utf-8")
    with pytest.raises(AssertionError, match="planted"), looking(chromium, file, 390, "light") as page:
        page.get_by_role("button").click(timeout=1000)


def test_axe_sees_what_is_not_named(tmp_path: Path, opened: Opened, axe: Axe) -> None:
    file = tmp_path / "nameless.html"
    file.write_text("<!doctype html><html lang='en'><title>Nameless</title><button></button>", encoding="utf-8")
    assert [found.partition(" ")[0] for found in axe(opened(file))] == ["button-name"]
