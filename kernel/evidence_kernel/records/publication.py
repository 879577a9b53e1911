"""The publication: the DONE record, which holds the report."""

from evidence_kernel.records.encoding import decode_value, encode
from evidence_kernel.records.instants import format_instant


def write_publication(report: bytes, attempt: int, tick_id: str, completed_at: int) -> bytes | None:
    """The record that publishes `report` (encoded JSON), or None where that cannot be one."""
    value = decode_value(report)
    if value is None:
        return None
    record = {
        "attempt": attempt,
        "completed_at": format_instant(completed_at),
        "published_by": tick_id,
        "report": value[0],
    }
    return encode(record)
