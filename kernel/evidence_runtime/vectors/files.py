"""The files of the vectors: one of JSON, always the same bytes, and its schema."""

import json
from pathlib import Path
from typing import Any

from evidence_runtime.vectors.cases import classification, encodings, keys, log_lines
from evidence_runtime.vectors.rows import tables
from evidence_runtime.vectors.ticks import ticks

FORMAT = "evidence-vectors/1"
SCHEMA = Path(__file__).with_name("vectors.schema.json")


def vectors() -> dict[str, Any]:
    """All of the vectors as one JSON value; instants are in ms since 1970-01-01T00:00:00Z."""
    return {
        "format": FORMAT,
        "tables": tables(),
        "classification": classification(),
        "keys": keys(),
        "encodings": encodings(),
        "log_lines": log_lines(),
        "ticks": ticks(),
    }


def write_vectors(directory: Path) -> tuple[Path, Path]:
    """Write `vectors.json` and its schema into `directory`, which is made; their paths. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    written, schema = directory / "vectors.json", directory / SCHEMA.name
    written.write_text(json.dumps(vectors(), indent=1, sort_keys=True) + "\n", encoding="ascii")
    schema.write_bytes(SCHEMA.read_bytes())
    return written, schema
