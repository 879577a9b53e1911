"""Campaigns on a real cluster of dask.distributed, whose scheduler and workers are processes of their own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

import evidence_kernel
import evidence_runtime
import evidence_sim
from evidence_sim import suite, usage
from evidence_sim.campaign import Chunk, Seeds, tallied
from evidence_sim.cli import main
from evidence_sim.machines.specimens import SPECIMENS
from evidence_sim.sample import Plan
from evidence_sim.sources import sources
from evidence_sim.verdict import Run
from tests.servers import HOST, free_port

DASK = pytest.mark.skipif(find_spec("distributed") is None, reason="there is no dask: pip install distributed")
Process = subprocess.Popen[str]


def dask(*arguments: str, **environment: str) -> Process:
    """A process of dask's command, with what it says of itself."""
    command = [sys.executable, "-W", "ignore", "-m", "dask", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment})


@contextmanager
def cluster(*workers: dict[str, str]) -> Iterator[tuple[str, Process, list[Process]]]:
    """A scheduler and its workers, one for each environment: the address, and the processes."""
    port = free_port()
    address = f"tcp://{HOST}:{port}"
    with ExitStack() as stack:

        def start(*arguments: str, **environment: str) -> Process:
            process = stack.enter_context(dask(*arguments, **environment))
            stack.callback(process.kill)
            return process

        scheduler = start("scheduler", "--host", HOST, "--port", str(port), "--no-dashboard")
        _says(scheduler, "Scheduler at")
        begun = [start("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", **env) for env in workers]
        for worker in begun:
            _says(worker, "Registered to")
        yield address, scheduler, begun


def _says(process: Process, what: str) -> None:
    assert process.stderr is not None
    assert any(what in line for line in process.stderr), f"it ended with {process.wait()}"


@contextmanager
def run(*arguments: str, cwd: Path) -> Iterator[Process]:
    """The command, which is killed where it does not end."""
    command = [sys.executable, "-m", "evidence_sim", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=cwd) as process:
        try:
            yield process
        finally:
            process.kill()


def digest(plan: Plan, seeds: Seeds) -> str:
    """Of one process."""
    return Run(plan, seeds, tallied(Chunk(plan, seeds))).digest


@DASK
def test_a_killed_worker_changes_nothing(tmp_path: Path) -> None:
    with cluster({}, {}) as (address, _, workers):
        with run("run", "--cluster", address, "--seeds", "160", "--json", "-", cwd=tmp_path) as process:
            assert process.stderr is not None and "seeds: " in process.stderr.readline()
            workers[0].send_signal(signal.SIGKILL)
            out, said = process.communicate(timeout=120)
        assert (process.returncode, workers[0].wait(), workers[1].poll()) == (0, -9, None), said
    assert json.loads(out)["digest"] == digest(Plan(), Seeds(0, 160))


@DASK
def test_the_suite_is_the_same_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(suite, "KERNEL", tuple((*campaign, Seeds(0, 9)) for *campaign, _ in suite.KERNEL))
    monkeypatch.setattr(suite, "SPECIMENS", SPECIMENS[2:4])
    monkeypatch.setattr(suite, "SPECIMEN_SEEDS", Seeds(0, 9))
    told = []
    with cluster({}, {}) as (address, _, _):
        for place in (["--cluster", address], ["--jobs", "1"]):
            main([*place, "--json", str(tmp_path / "suite.json")])
            told.append(json.loads((tmp_path / "suite.json").read_text()))
    assert len(told[0]["specimens"]) == 2 and told[0]["digest"] == told[1]["digest"]
    assert told[0]["wrong"] == told[1]["wrong"]


@DASK
def test_the_scheduler_goes_away(tmp_path: Path) -> None:
    file = tmp_path / "campaign.json"
    arguments = ("run", "--seeds", "1:", "--resume", str(file), "--json", "out.json")
    with cluster({}) as (address, scheduler, _), run(*arguments, "--cluster", address, cwd=tmp_path) as process:
        deadline = time.monotonic() + 60
        while not (file.exists() and json.loads(file.read_text())["tally"]["seeds"]):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        scheduler.kill()
        out, said = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in said) == (2, False), said
    assert said.splitlines()[-1] == f"evidence-sim: the scheduler at {address} is gone"
    kept, shown = json.loads(file.read_text())["tally"], json.loads((tmp_path / "out.json").read_text())
    assert f"digest {shown['digest']}" in out
    assert (kept["digest"], kept["seeds"]) == (shown["digest"], shown["seeds"][1])
    assert kept["digest"] == digest(Plan(), Seeds(1, kept["seeds"]))


@DASK
def test_the_twin_on_a_local_cluster_and_ctrl_c(tmp_path: Path) -> None:
    arguments = ("run", "--cluster", "local", "--jobs", "2", "--json", "-")
    with run(*arguments, "--fast", "--seeds", "40", cwd=tmp_path) as process:
        out, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert json.loads(out)["digest"] == digest(Plan(), Seeds(0, 40))
    with run(*arguments, "--for", "1h", "--resume", "file", cwd=tmp_path) as process:
        deadline = time.monotonic() + 60
        while not ((tmp_path / "file").exists() and json.loads((tmp_path / "file").read_text())["tally"]["seeds"]):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        began = _family(process.pid)
        for pid in (process.pid, *began):  # as a terminal does
            os.kill(pid, signal.SIGINT)
        out, said = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in said) == (130, False), said
    assert len(began) >= 2
    deadline = time.monotonic() + 10
    while any(_runs(pid) for pid in began):  # one looks after the others
        assert time.monotonic() < deadline
    done = json.loads(out)
    assert done["digest"] == digest(Plan(), Seeds(0, done["seeds"][1]))


def _family(pid: int) -> list[int]:
    """The processes below a process."""
    of_threads = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    below = [int(child) for text in of_threads for child in text.split()]
    return [*below, *(pid for child in below for pid in _family(child))]


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def other_sources(folder: Path) -> dict[str, str]:
    """An environment whose evidence_sim differs from ours in a comment."""
    for package in (evidence_kernel, evidence_runtime, evidence_sim):
        assert package.__file__ is not None
        source = Path(package.__file__).parent
        shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    with (folder / "evidence_sim" / "world.py").open("a") as file:
        file.write("# another\n")
    return {"PYTHONPATH": str(folder)}


def none_at_all(folder: Path) -> dict[str, str]:
    """An environment without evidence_sim."""
    (folder / "evidence_sim").mkdir()
    (folder / "evidence_sim" / "__init__.py").touch()
    return {"PYTHONPATH": str(folder)}


@DASK
@pytest.mark.parametrize(
    ("environment", "says"),
    [(other_sources, "has another evidence_sim: "), (none_at_all, "has no such evidence_sim: ")],
)
def test_workers_of_another_version_are_refused(
    environment: Callable[[Path], dict[str, str]], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with cluster({}, environment(tmp_path)) as (address, _, _):
        assert main(["run", "--cluster", address]) == 2
    said = capsys.readouterr().err
    assert says in said and f", not {sources()}; install there" in said and len(said.splitlines()) == 1


@DASK
def test_where_nobody_is_one_line_says_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from evidence_sim import cluster as engine

    monkeypatch.setattr(engine, "_SECONDS", 1)
    with cluster() as (address, _, _):
        for given, says in (
            ([address], f"the scheduler at {address} has no workers; start some: dask worker {address}"),
            ([address, "--jobs", "2"], f"the cluster at {address} has its workers; leave out --jobs 2"),
            ([f"tcp://{HOST}:1"], f"no scheduler answers at tcp://{HOST}:1: "),
            (["nowhere://x"], "no scheduler answers at nowhere://x: "),
        ):
            for command in ([], ["run"]):
                assert main([*command, "--cluster", *given]) == 2
                said = capsys.readouterr().err
                assert said.startswith(f"evidence-sim: {says}") and len(said.splitlines()) == 1, said


def test_without_dask_the_extra_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "find_spec", lambda name: None)
    assert main(["run", "--cluster", "local"]) == 2
    says = "--cluster needs dask.distributed; install it with: pip install 'evidence-sim[cluster]'"
    assert capsys.readouterr().err == f"evidence-sim: {says}\n"
