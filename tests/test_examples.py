"""The programs of kernel/README.md run, each as it stands there."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from evidence_kernel import Found, read_status
from evidence_kernel.records.keys import status_key
from evidence_runtime import SqliteStore
from evidence_sim.cli import main

PAGE = (Path(__file__).parent.parent / "kernel" / "README.md").read_text(encoding="utf-8")
PROGRAMS: list[str] = re.findall(r"```python\n(.*?)```", PAGE, re.S)
WITH = "needs the extra test-all"
MOST = 25  # lines of a program that are not blank


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def program(names: str) -> str:
    """The one that has such a line."""
    [found] = [one for one in PROGRAMS if names in one]
    assert len([line for line in found.splitlines() if line]) < MOST
    return found


def run(names: str) -> dict[str, Any]:
    """The program, run: its names."""
    namespace: dict[str, Any] = {}
    exec(program(names), namespace)
    return namespace


def outcome(tenant: str) -> str | None:
    """The outcome that stands in the tenant's status."""
    with SqliteStore("evidence.sqlite") as store:
        found = store.get(status_key(tenant))
    return read_status(found.value).outcome if isinstance(found, Found) else None


def test_the_first_program(capsys: pytest.CaptureFixture[str]) -> None:
    run("print(result.outcome, result.http_status)")
    assert capsys.readouterr().out == "NOT_DUE 200\n"


def test_a_job_of_apscheduler() -> None:
    pytest.importorskip("apscheduler", reason=WITH)
    scheduler = run("apscheduler")["scheduler"]
    try:
        for _ in range(400):
            if outcome("acme") and outcome("globex"):
                break
            time.sleep(0.05)
        assert (outcome("acme"), outcome("globex")) == ("NOT_DUE", "NOT_DUE")
    finally:
        scheduler.shutdown()


def test_a_task_of_celery() -> None:
    pytest.importorskip("celery", reason=WITH)
    from celery.contrib.testing.worker import start_worker

    names = run("celery")
    app = names["app"]
    with start_worker(app, perform_ping_check=False, shutdown_timeout=20):
        assert names["tick"].delay("acme").get(timeout=20) == "NOT_DUE"
    scheduled = app.conf.beat_schedule["acme"]
    assert app.tasks[scheduled["task"]](*scheduled["args"]) == outcome("acme") == "NOT_DUE"


@pytest.fixture
def endpoint() -> Iterator[str]:
    """Where the endpoint is served."""
    pytest.importorskip("fastapi", reason=WITH)
    uvicorn = pytest.importorskip("uvicorn", reason=WITH)
    names = run("fastapi")
    server = uvicorn.Server(uvicorn.Config(names["app"], port=0, log_level="warning"))
    with names["store"]:
        serving = Thread(target=server.run)
        serving.start()
        try:
            while not server.started:
                assert serving.is_alive()
                time.sleep(0.05)
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/tick"
        finally:
            server.should_exit = True
            serving.join(20)


@pytest.mark.parametrize(
    ("context", "status", "ends"),
    [({"cloudId": "acme"}, 200, "NOT_DUE"), ({"cloudId": " "}, 400, "REFUSED"), ({}, 400, "REFUSED")],
)
def test_an_endpoint_of_fastapi(endpoint: str, context: object, status: int, ends: str) -> None:
    asked = Request(endpoint, json.dumps(context).encode(), {"Content-Type": "application/json"})
    try:
        with urlopen(asked, timeout=20) as answer:
            said = answer.status, json.load(answer)["outcome"]
    except HTTPError as refused:
        with refused:
            said = refused.status, json.load(refused)["outcome"]
    assert said == (status, ends)


def test_a_service_of_asyncio() -> None:
    with subprocess.Popen([sys.executable, "-c", program("asyncio.run")], stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None and serving.stdout.readline() == "{'NOT_DUE': 2}\n"
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(20) == 0
    assert (outcome("acme"), outcome("globex")) == ("NOT_DUE", "NOT_DUE")


def test_a_recording(capsys: pytest.CaptureFixture[str]) -> None:
    run("Recorder(")
    assert capsys.readouterr().out == "NOT_DUE\n"
    assert main(["validate", "ticks.jsonl"]) == 0


def test_callbacks_and_a_diagram(capsys: pytest.CaptureFixture[str]) -> None:
    run("TickMachine(")
    said = capsys.readouterr().out
    assert said.startswith("acme has no evidence\nacme has ended with VERIFIED\n") and "stateDiagram-v2" in said
