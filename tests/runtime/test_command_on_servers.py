"""The command `evidence` on every server's store."""

import json
from pathlib import Path

import pytest

from evidence_runtime.command import main
from tests.runtime.served import KINDS, emptied
from tests.runtime.test_command import EXPORT


@pytest.fixture(params=[kind for kind in KINDS if kind != "objects"])
def store(request: pytest.FixtureRequest) -> str:
    """The URL of an empty store."""
    return emptied(request.param, request.getfixturevalue)


def test_operators_can_do_all_that_they_do(store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = tmp_path / "some.jsonl"
    export.write_text("".join(EXPORT.read_text(encoding="utf-8").splitlines(keepends=True)[:40]), encoding="utf-8")
    assert main(["import", str(export), "--store", store, "--json"]) in (0, 1)
    assert main(["tick", "--store", store, "--tenant", "acme"]) == 0
    assert main(["tick", "--store", store, "--all", "--jobs", "4", "--json"]) in (0, 1)
    capsys.readouterr()
    assert main(["status", "--store", store, "--json"]) in (0, 1)
    seen = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert "acme" in [one["tenant"] for one in seen]
    main(["audit", store, "--json"])
    assert any("acme" in line for line in capsys.readouterr().out.splitlines())
    assert main(["forget", "--store", store, "--tenant", "acme", "--yes"]) == 0
    assert "2 records removed" in capsys.readouterr().out
    main(["audit", store, "--json"])
    assert not any("acme" in line for line in capsys.readouterr().out.splitlines())


def test_a_server_that_is_not_there_is_a_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tick", "--store", "redis://127.0.0.1:1/0", "--tenant", "acme"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("evidence: --store: redis://127.0.0.1:1/0 cannot be used: ") and said.count("\n") == 1
    assert main(["audit", "postgresql://127.0.0.1:1/db"]) == 2
    assert "cannot be used" in capsys.readouterr().err
