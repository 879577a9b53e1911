"""What the tests bring along is as it was published."""

import hashlib
from pathlib import Path

VENDOR = Path(__file__).parent / "vendor"


def test_what_is_vendored_is_as_published() -> None:
    lines = (VENDOR / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = {name: said for said, name in (line.split() for line in lines)}
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.iterdir()}
    assert {name: found for name, found in files.items() if name not in ("README.md", "SHA256SUMS")} == sums
