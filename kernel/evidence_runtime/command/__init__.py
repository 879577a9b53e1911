"""The command `evidence`; what it is made of comes with the extra `cli`."""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status. Without the extra it says how to get it."""
    try:
        from evidence_runtime.command.app import run
    except ModuleNotFoundError as missing:
        print(f"evidence: {missing.name} is missing; pip install 'evidence-kernel[cli]'", file=sys.stderr)
        return 2
    return run(arguments)
