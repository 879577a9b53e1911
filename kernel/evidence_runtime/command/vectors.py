"""`evidence vectors`: the machine as data, for ports to other languages."""

from pathlib import Path
from typing import Annotated

import typer

from evidence_runtime.command.shared import OK, Unusable
from evidence_runtime.vectors import write_vectors


def vectors(out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to write them.")]) -> int:
    """Write the machine as data: its tables, cases of each decision, and whole ticks, in JSON with a schema."""
    try:
        written = write_vectors(out)
    except OSError as error:
        raise Unusable(f"--out {out}: {error.strerror}; name a folder that can be written") from None
    for path in written:
        print(path)
    return OK
