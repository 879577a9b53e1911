"""The explorer of traces in a browser: stepped by keys and by mouse, addressed, read aloud, and quick."""

import json
import re
from itertools import islice, pairwise
from pathlib import Path
from statistics import median

import pytest
from playwright.sync_api import Page, expect

from evidence_runtime.pages import render
from evidence_sim.pages.explorer import explored, page
from evidence_sim.sample import Plan, sample
from evidence_sim.trace import Trace
from tests.browser.conftest import Axe, Opened
from tests.browser.look import ALONE, LOOKS, Scheme
from tests.sim.late import LATE

_STEPS = 2_000
_MOST_MS = 50
_TIMED = """async () => {
  const root = document.getElementById("explorer");
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const drawn = () => new Promise((done) => {
    const {port1, port2} = new MessageChannel();
    port1.onmessage = done;
    requestAnimationFrame(() => port2.postMessage(0));
  });
  const took = [];
  for (let at = 0; at < 40; at += 1) {
    await frame();
    const from = performance.now();
    root.dispatchEvent(new KeyboardEvent("keydown", {key: "j", bubbles: true}));
    await drawn();
    took.push(performance.now() - from);
  }
  return took;
}"""  # from a key to the end of the frame that shows it
_FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture
def late(tmp_path: Path) -> Path:
    """The page of the trace of a late landing."""
    file = tmp_path / "late.html"
    file.write_text(page(LATE), encoding="utf-8")
    return file


def _now(shown: Page) -> str:
    return shown.locator(".now").inner_text()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_it_is_sound(late: Path, opened: Opened, axe: Axe, width: int, scheme: Scheme) -> None:
    shown = opened(late, width, scheme)
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    assert "S1 WriteOnce is violated" in _now(shown)
    assert axe(shown) == []
    levels = shown.locator("h1, h2, h3, h4").evaluate_all("all => all.map((one) => Number(one.tagName[1]))")
    assert levels[0] == 1 and all(below <= above + 1 for above, below in pairwise(levels)), levels


def test_keys_step_both_ways(late: Path, opened: Opened) -> None:
    shown = opened(late)
    shown.keyboard.press("Home")
    assert _now(shown).startswith("At first")
    for key, step in (("j", 1), ("ArrowDown", 2), ("j", 3), ("k", 2), ("ArrowUp", 1), ("End", 13), ("j", 13)):
        shown.keyboard.press(key)
        assert _now(shown).startswith(f"Step {step} of 13."), key
    expect(shown.locator(".story [aria-current=step]")).to_contain_text("The late put of a-1")


def test_keys_that_scroll_are_left_alone(late: Path, opened: Opened) -> None:
    shown = opened(late, 390)
    lanes, steps = shown.locator(".lanes"), shown.locator(".near .steps")
    shown.keyboard.press("Home")
    lanes.focus()
    shown.keyboard.press("ArrowRight")
    expect(lanes).not_to_have_js_property("scrollLeft", 0)
    shown.keyboard.press("ArrowLeft")
    expect(lanes).to_have_js_property("scrollLeft", 0)
    steps.focus()
    shown.keyboard.press("End")
    expect(steps).not_to_have_js_property("scrollTop", 0)
    steps.get_by_role("link").first.focus()
    shown.keyboard.press("j")
    lanes.focus()
    for modifier in ("Shift", "Control", "Alt", "Meta"):
        shown.keyboard.press(f"{modifier}+ArrowDown")
    assert _now(shown).startswith("At first")
    shown.keyboard.press("ArrowDown")
    assert _now(shown).startswith("Step 1 of 13.")


def test_the_skip_link_leaves_the_step(late: Path, opened: Opened) -> None:
    shown = opened(late)
    shown.evaluate("location.hash = '#trace=plain-put-cloud-kv-S1&step=5'")
    expect(shown.locator(".now")).to_contain_text("Step 5 of 13")
    shown.get_by_role("link", name="Skip to the content").press("Enter")
    expect(shown).to_have_url(re.compile("#main$"))
    shown.evaluate(_FRAME)
    assert "Step 5 of 13" in _now(shown)
    shown.go_back()
    shown.go_back()
    expect(shown.locator(".now")).to_contain_text("Step 13 of 13")  # the address that it was opened with


def test_the_mouse_steps_too(late: Path, opened: Opened) -> None:
    shown = opened(late)
    shown.get_by_role("button", name="Back").click()
    assert "Step 12 of 13" in _now(shown)
    shown.locator("[data-step='5'] .says").first.click()
    expect(shown.locator(".now")).to_contain_text("no answer comes")
    shown.get_by_label("Step", exact=True).fill("7")
    assert "The clock of host 0 goes on by 5 min" in _now(shown)
    shown.get_by_role("button", name="What breaks").click()
    assert "S1 WriteOnce is violated" in _now(shown)
    store = shown.locator(".store tr").filter(has_text="evidence, written")
    expect(store.locator("del").first).to_have_text("\N{MINUS SIGN} backfill_id: a-2")
    expect(store.locator("ins").first).to_have_text("+ backfill_id: a-1")


def test_the_address_holds_trace_and_step(late: Path, opened: Opened) -> None:
    shown = opened(late)
    shown.evaluate("location.hash = '#trace=plain-put-cloud-kv-S1&step=5'")
    expect(shown.locator(".now")).to_contain_text("Step 5 of 13")
    shown.get_by_role("link", name="is cut off").first.click()
    expect(shown.locator(".now")).to_contain_text("Step 6 of")
    expect(shown.locator(".about")).to_contain_text("plain-put")
    assert shown.get_by_label("Trace", exact=True).input_value() == "plain-put-cloud-kv-S1-near"
    shown.go_back()
    expect(shown.locator(".now")).to_contain_text("Step 5 of 13")
    assert shown.get_by_label("Trace", exact=True).input_value() == "plain-put-cloud-kv-S1"
    shown.go_forward()
    expect(shown.locator(".now")).to_contain_text("is cut off")
    shown.keyboard.press("j")
    expect(shown).to_have_url(re.compile("near&step=7$"))
    shown.reload()
    expect(shown.locator(".now")).to_contain_text("Step 7 of")
    shown.get_by_label("Trace", exact=True).select_option("plain-put-cloud-kv-S1")
    expect(shown.locator(".now")).to_contain_text("S1 WriteOnce is violated")


def test_what_data_says_stays_text(tmp_path: Path, opened: Opened) -> None:
    hostile = "<img src=x onerror='throw 1'></script><script>throw 2</script>"
    one = json.loads(json.dumps(explored(LATE)).replace("backfill_id: a-1", json.dumps(hostile)[1:-1]))
    one["steps"][12]["says"] = one["title"] = one["begins"] = hostile
    one["diagram"]["rows"][12]["marks"][-1][3] = hostile
    file = tmp_path / "hostile.html"
    file.write_text(render("evidence_sim.pages", "trace.html", title=hostile, traces=[one]), encoding="utf-8")
    shown = opened(file)
    assert shown.locator("img").count() == 0 and hostile in _now(shown)
    expect(shown.locator(".store")).to_contain_text(hostile)


def _long(steps: int) -> str:
    """The page of a trace of so many steps."""
    facts = list(islice(sample(Plan(ticks=120, tenants=2), 3), steps))
    assert len(facts) == steps
    return page(Trace(facts[0].before.config, tuple(fact.action for fact in facts)))


@ALONE
def test_a_long_trace_is_quick(tmp_path: Path, opened: Opened) -> None:
    text = _long(_STEPS)
    assert len(text) < 1_500_000
    file = tmp_path / "long.html"
    file.write_text(text, encoding="utf-8")
    shown = opened(file)
    for begin in (0, _STEPS // 2):
        shown.evaluate(f"location.hash = '#trace=kernel-cloud-kv&step={begin}'")
        rounds = [sorted(shown.evaluate(_TIMED)) for _ in range(3)]
        took = min(rounds, key=lambda times: times[-3])  # the other rounds may have met other work of the machine
        print(f"a step takes {median(took):.1f} ms, {took[-1]:.1f} at worst")
        assert median(took) < _MOST_MS
        assert took[-3] < _MOST_MS  # two may be the machine's


def test_print_has_the_story_and_the_diagram(late: Path, opened: Opened) -> None:
    shown = opened(late)
    shown.emulate_media(media="print")
    assert shown.locator(".story").is_visible() and shown.locator(".body svg").is_visible()
    assert not shown.locator(".steering").is_visible()


@pytest.mark.parametrize("told", ["media", "events"])
def test_all_of_a_long_trace_is_printed(tmp_path: Path, opened: Opened, told: str) -> None:
    file = tmp_path / "long.html"
    file.write_text(_long(400), encoding="utf-8")
    shown = opened(file)
    rows = shown.locator(".body .row")
    assert rows.count() < 100
    for begins in (True, False):
        if told == "media":
            shown.emulate_media(media="print" if begins else "screen")
        else:
            shown.evaluate(f"dispatchEvent(new Event('{'before' if begins else 'after'}print'))")
            shown.locator(".lanes").dispatch_event("scroll")
        if begins:
            expect(rows).to_have_count(400)
            shown.evaluate(_FRAME)
            assert rows.count() == 400
    expect(rows).not_to_have_count(400)
