"""Nothing is lost where a process is killed: at each call of each tick, and inside of each transaction."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import SimpleQueue

import pytest
from attrs import frozen

from evidence_runtime import SqliteStore
from evidence_sim import oracle
from tests.runtime import history
from tests.runtime.cut_shapes import BOTH, DONE, EVIDENCE, HOUR, LEDGER, MINUTE, NOW, SHAPES, TENANT, found, works
from tests.runtime.judge import violations
from tests.runtime.witness import Journal, listening, tick

TOP = Path(__file__).parent.parent.parent
AT_ONCE = 3
CUTS, OF_OPENING = 399, 11
# A first attempt waits 30 min, a second one 2 h, and the tenant that installs now is due after a day.
LATER = tuple(NOW + after for after in (0, 31 * MINUTE, 31 * MINUTE, 3 * HOUR, 25 * HOUR, 25 * HOUR))


@frozen
class Cut:
    """One place in one shape; `landed` are the keys that had changed when an uncut tick was there."""

    shape: str
    phase: str
    where: str
    landed: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.shape}: {self.phase} {self.where}, {len(self.landed)} changes"


@pytest.fixture(scope="module", autouse=True)
def heard() -> Iterator[None]:
    """Log lines go into journals."""
    with listening():
        yield


def prepare(folder: Path, shape: str) -> Path:
    """A watched file that holds what is given; none yet where the cuts are in its opening."""
    folder.mkdir(parents=True)
    path = folder / "store.sqlite"
    journal = Journal(folder)
    with SqliteStore(path) as store:
        for key, value in SHAPES[shape].given.items():
            journal.give(store, key, value)
    journal.close()
    history.watch(path)
    return path


def keys(path: Path, shape: str) -> list[str]:
    """The keys that have changed, in order, after what was given."""
    return [change.key for change in history.read(path)][len(SHAPES[shape].given) :]


def walk(folder: Path, shape: str, *, opening: bool = False) -> list[Cut]:
    """Every place in a tick of a shape, from a run that nobody cuts."""
    path = folder / "store.sqlite"
    if opening:
        folder.mkdir(parents=True)
    else:
        prepare(folder, shape)
    cuts: list[Cut] = []

    def pass_by(phase: str, where: str) -> None:
        if (phase == "OPEN") is opening:
            cuts.append(Cut(shape, phase, where, () if opening else tuple(keys(path, shape))))

    journal = Journal(folder)
    SHAPES[shape].run(path, journal, pass_by)
    journal.close()
    ended = [line["outcome"] for line in history.journal(folder) if line["what"] == "result"]
    assert opening or SHAPES[shape].alone or ended[-1] == SHAPES[shape].ends
    assert opening or violations(history.read(path), history.journal(folder)) == []
    places = [(cut.phase, cut.where) for cut in cuts]
    assert len(places) == len(set(places)), "two places have one name"
    return cuts


class Nursery:
    """Processes that are killed where they wait, each a fork of one that has imported everything."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.runtime.cut_child"]
        self._maker = subprocess.Popen(command, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def kill(self, path: Path, cut: Cut) -> None:
        """Run the shape in a process of its own and kill it at the cut, from outside."""
        assert self._maker.stdin is not None and self._maker.stdout is not None
        print(json.dumps([str(path), cut.shape, cut.phase, cut.where]), file=self._maker.stdin, flush=True)
        said, _, process = self._maker.stdout.readline().strip().partition(" ")
        assert said == "here", f"the process ended before the cut: {process}"
        os.kill(int(process), signal.SIGKILL)
        assert self._maker.stdout.readline() == f"ended {-signal.SIGKILL}\n"

    def close(self) -> None:
        """End the process that makes them."""
        self._maker.communicate(timeout=20)


def survive(path: Path, cut: Cut) -> None:
    """What the file holds after the kill, what a fresh tick makes of it, and where later ones end."""
    shape, folder = SHAPES[cut.shape], path.parent
    assert tuple(keys(path, cut.shape)) == cut.landed, "the file holds something else than what had landed"
    journal = Journal(folder)
    with SqliteStore(path) as store:
        history.watch(path)
        ends = [tick(store, journal, TENANT, works, partial(int, at)).outcome.value for at in LATER]
        assert ends[0] == shape.allowed(list(cut.landed))
        evidence = found(store, EVIDENCE)
        late = EVIDENCE not in shape.given and EVIDENCE not in cut.landed  # then the fresh tick installed it
        reports = BOTH[1:] if late else shape.reports
        assert evidence is not None and (not reports or oracle.installed_at(evidence) is not None)
        assert tuple(name for name in BOTH if found(store, DONE.format(name)) is not None) == reports
        for key in (EVIDENCE, LEDGER) if not reports else (EVIDENCE,):
            assert found(store, key) == shape.given.get(key, found(store, key)), "what was given is gone"
    journal.close()
    assert violations(history.read(path), history.journal(folder)) == []


def cut_all(folder: Path, cuts: list[Cut], *, opening: bool = False) -> list[str]:
    """Make every cut, some at once; what was wrong after which."""
    nurseries: SimpleQueue[Nursery] = SimpleQueue()
    made = [Nursery() for _ in range(AT_ONCE)]
    for nursery in made:
        nurseries.put(nursery)

    def one(numbered: tuple[int, Cut]) -> str | None:
        number, cut = numbered
        place = folder / str(number)
        try:
            if opening:
                place.mkdir()
                path = place / "store.sqlite"
            else:
                path = prepare(place, cut.shape)
            nursery = nurseries.get()
            try:
                nursery.kill(path, cut)
            finally:
                nurseries.put(nursery)
            survive(path, cut)
        except AssertionError as error:
            return f"{cut}: {error}"
        return None

    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return [wrong for wrong in pool.map(one, enumerate(cuts)) if wrong is not None]
    finally:
        for nursery in made:
            nursery.close()


def test_nothing_is_lost_at_any_cut_of_any_tick(tmp_path: Path) -> None:
    cuts = [cut for n, shape in enumerate(SHAPES) for cut in walk(tmp_path / f"uncut-{n}", shape)]
    for number, cut in enumerate(cuts):
        print(number, cut)
    assert len(cuts) == CUTS
    assert {cut.where for cut in cuts} == {"entry", "counted", "written", "exit"}
    assert cut_all(tmp_path, cuts) == []


def test_nothing_is_lost_where_the_file_is_being_made(tmp_path: Path) -> None:
    cuts = walk(tmp_path / "uncut", "first", opening=True)
    for number, cut in enumerate(cuts):
        print(number, cut)
    assert len(cuts) == OF_OPENING
    assert cut_all(tmp_path, cuts, opening=True) == []
