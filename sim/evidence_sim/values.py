"""The world's values: what one action leaves for the next, ground truth included."""

from typing import Any

from attrs import frozen

from evidence_kernel import Effect, Expectation
from evidence_sim.cells import Cells, Origin
from evidence_sim.config import Config
from evidence_sim.labels import Action


class NotEnabled(Exception):
    """The action cannot happen in this world; `why` is a sentence."""

    def __init__(self, action: Action, why: str) -> None:
        super().__init__(f"{action} cannot happen: {why}")
        self.action = action
        self.why = why


@frozen
class Seen:
    """What one tick met. Instants are of its host's clock, in ms.

    `installed_at` of the last valid evidence that it was given, `grounded` whether any was its own
    tenant's; `absent_at` when it was last told that there is none; `wrote` what it last asked to put as
    evidence, `read_back` what EVIDENCE_VERIFY brought; `failed` and `undecided` as S13 says; `claim`
    the bytes of its last claim, `claims` those acknowledged or read back; `earned` its report; `held`
    whether the publication ever was that; `closed` the outcome in its closing status.
    """

    started_at: int
    installed_at: int | None = None
    grounded: bool = False
    absent_at: int | None = None
    wrote: bytes | None = None
    read_back: bytes | None = None
    failed: bool = False
    undecided: bool = False
    claim: bytes | None = None
    claims: int = 0
    ledger_at: int | None = None
    looked_at: int | None = None
    earned: tuple[str, bytes] | None = None
    held: bool = False
    decided_at: int = 0
    closed: str | None = None


@frozen
class Run:
    """A tick in flight: it stands at `state.phase` and awaits the answer to `effect`.

    `machine` is an index into the configuration's machines; `effects` counts what it asked for; `hurt`
    is True once a fault met it.
    """

    n: int
    host: int
    machine: int
    state: Any
    effect: Effect
    effects: int
    hurt: bool
    seen: Seen

    @property
    def phase(self) -> str:
        """Where it stands."""
        phase: str = self.state.phase
        return phase


@frozen
class Pending:
    """A put that may still take effect, under its first condition."""

    n: int
    phase: str
    key: str
    value: bytes
    expect: Expectation
    by: Origin


@frozen
class Ghost:
    """What became of one installation, from forget to forget.

    Per trigger (12 h, 24 h): `generates` calls of the generator, `reports` publications by ticks,
    `published` whether there ever was one. `audited`: the records that an audit line announced. `well`:
    when ticks closed well, latest last. `clean`: no fault and no hand from outside so far.
    """

    generates: tuple[int, int] = (0, 0)
    reports: tuple[int, int] = (0, 0)
    published: tuple[bool, bool] = (False, False)
    audited: tuple[bytes, ...] = ()
    well: tuple[int, ...] = ()
    clean: bool = True


@frozen
class Tenant:
    """One tenant in a world. `started` is the highest ordinal of its ticks."""

    started: int = 0
    runs: tuple[Run, ...] = ()
    pending: tuple[Pending, ...] = ()
    forgetting: bool = False
    ghost: Ghost = Ghost()


@frozen
class World:
    """Everything there is; `clocks` is each host's, in ms since 1970."""

    config: Config
    clocks: tuple[int, ...]
    tenants: tuple[Tenant, ...]
    cells: Cells
