"""A NOT_DUE tick in straight lines: its calls and records, with no table, state or step between them.

What a tick costs on top of this is the machine's price; what this costs, no machine in Python can save. It takes one
way only, and is wrong wherever something else is answered.
"""

from collections.abc import Callable

from evidence_kernel import Applied, EvidenceState, Found, Invocation, Outcome, Reason, TickResult, messages
from evidence_kernel.identity import identify
from evidence_kernel.messages import LogLine
from evidence_kernel.records.evidence import read_installed_at
from evidence_kernel.records.keys import encode_tenant, evidence_key, ledger_key, status_key
from evidence_kernel.records.status import Status, checked, read_status, write_status
from evidence_kernel.schedule import due
from evidence_runtime import Store
from evidence_runtime.port import logger


def straight_tick(store: Store, invocation: Invocation, clock: Callable[[], int]) -> TickResult:
    """The tick, of a tenant with evidence, a status and no ledger. Raises AssertionError where it is not NOT_DUE."""
    tick_id, tenant = invocation.tick_id, identify(invocation.context)
    assert tenant is not None
    where, status = encode_tenant(tenant), status_key(tenant)
    _log(messages.started(tick_id, where))
    found, at = store.get(status), clock()
    assert isinstance(found, Found)
    opened = checked(read_status(found.value), at, tick_id)
    written, at = store.put(status, write_status(opened), found.version), clock()
    assert isinstance(written, Applied)
    for _ in ("EVIDENCE_READ", "TIMESTAMP_READ"):
        evidence, at = store.get(evidence_key(tenant)), clock()
        assert isinstance(evidence, Found)
        installed_at = read_installed_at(evidence.value)
    _, at = store.get(ledger_key(tenant)), clock()
    assert installed_at is not None and due(installed_at, at) is None
    state, outcome, reason = EvidenceState.VALID, Outcome.NOT_DUE, Reason.NOTHING_DUE
    closed = Status(state, outcome, reason, None, installed_at, at, opened.last_check_at, at, tick_id)
    written, at = store.put(status, write_status(closed), written.version), clock()
    assert isinstance(written, Applied)
    _log(messages.ended(tick_id, where, outcome, reason, None))
    return TickResult(tick_id, tenant, outcome, reason, None, state, installed_at)


def _log(line: LogLine) -> None:
    logger.log(line.level, "%s", line.text)
