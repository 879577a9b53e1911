"""Where CI has what every test needs, a skipped test is a failure."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SKIPS = "import pytest\n\ndef test_that_skips() -> None:\n    pytest.skip('there is no server')\n"
NOT_OFFERED = SKIPS.replace("there is no server", "not run: it needs processes")  # as the conformance kit says it
PASSES = "def test_that_passes() -> None:\n    pass\n"


@pytest.mark.parametrize(
    ("text", "everything", "status"),
    [(SKIPS, "", 0), (SKIPS, "1", 1), (NOT_OFFERED, "1", 0), (PASSES, "1", 0)],
    ids=["may", "must not", "is not offered", "runs"],
)
def test_a_skip_fails_where_everything_is_to_run(text: str, everything: str, status: int, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", str(tmp_path)]
    top = Path(__file__).parent.parent
    environment = {**os.environ, "EVIDENCE_ALL": everything, "PYTHONPATH": str(top)}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert ended.returncode == status, ended.stdout.decode()
