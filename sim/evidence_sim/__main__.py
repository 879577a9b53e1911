"""`python -m evidence_sim` is `evidence-sim`."""

import sys

from evidence_sim.cli import main

if __name__ == "__main__":
    sys.exit(main())
