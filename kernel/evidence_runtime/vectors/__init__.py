"""The machine as data, for ports to other languages: its tables, and cases with what the kernel makes of them."""

from evidence_runtime.vectors.files import FORMAT, SCHEMA, vectors, write_vectors

__all__ = ["FORMAT", "SCHEMA", "vectors", "write_vectors"]
