"""What tells this version of the world from any other: the text of the modules that it is made of."""

import hashlib
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import evidence_kernel


@cache
def sources() -> str:
    """The digest of the simulator's and the kernel's modules, in hexadecimal."""
    told = hashlib.blake2b(digest_size=8)
    for package in (Path(__file__).parent, Path(evidence_kernel.__file__).parent):
        for path in sorted(package.rglob("*.py")):
            told.update(path.read_bytes())
    return told.hexdigest()


def sources_of(machines: Sequence[str]) -> str:
    """`sources`, and with it the module of each machine that is not the project's, without what that imports."""
    told = hashlib.blake2b(sources().encode(), digest_size=8)
    theirs = [name.partition(":")[0] for name in machines if ":" in name]
    for module in theirs:
        path = sys.modules[module].__file__
        assert path is not None, "a package without a file has no attribute that is a machine"
        told.update(Path(path).read_bytes())
    return told.hexdigest() if theirs else sources()
