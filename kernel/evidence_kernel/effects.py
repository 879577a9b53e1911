"""What the kernel asks of the world: one effect at a time."""

from enum import Enum
from typing import NamedTuple

from evidence_kernel.codes import Trigger, Version


class Expect(Enum):
    """What a write demands of the key's present value, besides a version."""

    ABSENT = "ABSENT"
    ANY = "ANY"


Expectation = Expect | Version


class Get(NamedTuple):
    """Read `key`."""

    key: str


class Put(NamedTuple):
    """Write `value` where `key` is as expected: absent, still at a version, or anything."""

    key: str
    value: bytes
    expect: Expectation


class Generate(NamedTuple):
    """Make the report of (tenant, trigger); it may be asked for more than once.

    `installed_at` is in ms since 1970-01-01T00:00:00Z; `attempt` counts from 1 and is already
    persisted when the effect is asked for.
    """

    tenant: str
    trigger: Trigger
    installed_at: int
    attempt: int
    tick_id: str


Effect = Get | Put | Generate
