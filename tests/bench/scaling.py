"""How much sooner two processes end a campaign of at least 20 s; the exit status is 1 below 1.7 times."""

import json
import subprocess
import sys
from typing import Any

SEEDS, AT_LEAST, LONG = 2600, 1.7, 20.0


def campaign(jobs: int) -> Any:
    """The run as JSON, its seconds measured inside of the command."""
    command = [sys.executable, "-m", "evidence_sim", "run", "--seeds", str(SEEDS), "--jobs", str(jobs), "--json", "-"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return json.loads(done.stdout)


def main() -> int:
    """Measure and print."""
    alone, paired = campaign(1), campaign(2)
    ratio = alone["seconds"] / paired["seconds"]
    print(f"{SEEDS} seeds: {alone['seconds']:.1f} s, with 2 processes {paired['seconds']:.1f} s: {ratio:.2f} times")
    if alone["digest"] != paired["digest"]:
        print(f"the digests differ: {alone['digest']} and {paired['digest']}")
        return 1
    if alone["seconds"] < LONG:
        print(f"a campaign of less than {LONG} s says little: more seeds are needed")
        return 1
    return 0 if ratio >= AT_LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
