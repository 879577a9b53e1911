"""What operators do to one tenant's records: mend what is there, or forget all of it."""

from collections.abc import Iterator, Mapping
from typing import Protocol, runtime_checkable

from attrs import frozen

from evidence_kernel import Absent, Applied, Conflict, Expect, Failed, Found, LogLine, Trigger, Version
from evidence_kernel.messages import repaired, reset
from evidence_kernel.records.keys import encode_tenant, evidence_key, ledger_key, publication_key, status_key
from evidence_kernel.repair import repaired_evidence, repaired_ledger
from evidence_runtime.store import Store, StoreError, logger


@runtime_checkable
class Sweeping(Protocol):
    """A store whose deletions leave something behind."""

    def sweep(self, key: str) -> None:
        """Remove what a deletion of the key has left; only where nobody writes it any more. Raises StoreError."""
        ...


class NothingToRepair(Exception):
    """The record is fit for use, or absent: it is left as it is. The message says which."""


@frozen
class Repair:
    """One replacement, to be shown before it is made: `before` stands at `version` of `key`."""

    key: str
    version: Version
    before: bytes
    after: bytes
    says: LogLine


def plan_evidence(store: Store, tenant: str, installed_at: int, at: int, repair_id: str) -> Repair:
    """What `repair` would put in the place of invalid or future evidence; instants in ms since 1970.

    `tenant` is canonical, `repair_id` fresh as a tick's. Raises NothingToRepair where the evidence is absent
    or fit, StoreError where it cannot be read, evidence_kernel.Misuse where `installed_at` is no instant that
    a record can hold.
    """
    key = evidence_key(tenant)
    found = _read(store, key)
    after = repaired_evidence(found.value, installed_at, at, repair_id)
    if after is None:
        raise NothingToRepair(f"{key} is valid and not from the future, or too large to be kept in its repair")
    return Repair(key, found.version, found.value, after, repaired(encode_tenant(tenant), installed_at))


def plan_ledger(store: Store, tenant: str, attempts: Mapping[Trigger, int]) -> Repair:
    """What `repair` would put in the place of a malformed ledger: an empty one with these attempts.

    Raises NothingToRepair where the ledger is absent or well formed, StoreError where it cannot be read.
    """
    key = ledger_key(tenant)
    found = _read(store, key)
    after = repaired_ledger(found.value, attempts)
    if after is None:
        raise NothingToRepair(f"{key} is well formed")
    return Repair(key, found.version, found.value, after, reset(encode_tenant(tenant), attempts))


def repair(store: Store, planned: Repair) -> None:
    """Make the replacement if the record is still what was shown, and log it.

    Raises StoreError where the record has changed, the store did not write, or nobody knows: then look again.
    """
    match store.put(planned.key, planned.after, planned.version):
        case Applied():
            logger.log(planned.says.level, "%s", planned.says.text)
        case Conflict():
            raise StoreError(f"{planned.key} has changed since it was shown; look again")
        case Failed():
            raise StoreError(f"{planned.key} was not written; try again")
        case _:
            raise StoreError(f"{planned.key}: the store does not say whether it was written; look again")


def records_of(tenant: str) -> tuple[str, ...]:
    """The keys of all that is kept of a tenant, in the order in which `forget` deletes it."""
    publications = (publication_key(tenant, trigger) for trigger in Trigger)
    return status_key(tenant), evidence_key(tenant), ledger_key(tenant), *publications


def forget(store: Store, tenant: str) -> Iterator[str]:
    """Delete all that is kept of a tenant that nothing schedules any more; yield each key that was removed.

    Goes over the records until it finds none. Only for a tenant whose longest tick and whose store's longest
    write have passed: else what lands late stays. A store whose deletions leave something removes that as well.
    Raises StoreError where the store did not delete; what was yielded is gone, and the call may be repeated.
    """
    while present := [key for key in records_of(tenant) if not isinstance(_get(store, key), Absent)]:
        for key in present:
            answer = store.delete(key, Expect.ANY)
            if not isinstance(answer, Applied):
                raise StoreError(f"{key} may not be deleted: the store answered {type(answer).__name__}; repeat it")
            yield key
    if isinstance(store, Sweeping):
        for key in records_of(tenant):
            store.sweep(key)


def _get(store: Store, key: str) -> Found | Absent:
    answer = store.get(key)
    if isinstance(answer, Failed):
        raise StoreError(f"{key} cannot be read; try again")
    return answer


def _read(store: Store, key: str) -> Found:
    found = _get(store, key)
    if isinstance(found, Absent):
        raise NothingToRepair(f"there is no {key}")
    return found
