"""`python -m evidence_runtime` is `evidence`."""

import sys

from evidence_runtime.command import main

if __name__ == "__main__":
    sys.exit(main())
