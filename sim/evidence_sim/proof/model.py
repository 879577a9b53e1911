"""The world in Z3: one tenant, any number of ticks and of ledger versions, stores and clocks as in `cloud-kv`.

Each field is a function of ticks or versions, or one value; a transition gives the fields after it in terms of
those before, so that nothing has to be said of what stays. Beside what the machine and the store hold there is
ground truth, as in the simulator: what ticks met, and whether something happened that must not.
"""

from collections.abc import Callable, Mapping
from typing import Any

import z3

from evidence_kernel import Phase

# Expressions of Z3 have no static types.
Term = Any

TICK = z3.DeclareSort("Tick")
VERSION = z3.DeclareSort("Version")
NIL = z3.Const("nil", VERSION)  # the version of a ledger that is not there
NEW = -1  # the phase of a tick that has not begun
RANK: Mapping[str, int] = {"": NEW, **{phase.value: place for place, phase in enumerate(Phase)}}
PUTS = ("EVIDENCE_PUT", "CLAIM", "PUBLISH", "SETTLE")

_BOOL, _INT = z3.BoolSort(), z3.IntSort()
OF_TICKS: Mapping[str, Term] = {
    "phase": _INT,
    "host": _INT,
    "late": _BOOL,  # the trigger that is due is AUTO_24H
    "read": VERSION,  # what LEDGER_READ brought
    "claimed": VERSION,  # what the claim was acknowledged or read back at
    "installed_at": _INT,  # of the last valid evidence that it was given
    "ledger_at": _INT,  # the clock at LEDGER_READ's answer
    "looked_at": _INT,  # the clock at DONE_READ's answer
    "record_at": _INT,  # the instant in the evidence that it put
    "audited_at": _INT,  # the instant in its audit line
    "wrote": _BOOL,  # it asked to put evidence that names it
    "read_back": _BOOL,  # EVIDENCE_VERIFY brought that record
    "did_backfill": _BOOL,
    "grounded": _BOOL,  # it was given valid evidence of its own tenant, and that instant is what it uses
    "earned": _BOOL,  # the generator returned a report
    "carries": _BOOL,  # the publication that it asked to put holds that report
    "called_late": _BOOL,  # it called the generator for AUTO_24H
    "claims": _INT,  # acknowledged or read back
    "calls": _INT,  # of the generator
    "audits": _INT,
    "backfilled": _BOOL,  # its evidence has stood in the store
    "took": _BOOL,  # its claim has stood in the store
    "published0": _BOOL,  # its report has stood as the publication of AUTO_12H
    "published1": _BOOL,  # and of AUTO_24H
    **{f"pending_{put}": _BOOL for put in PUTS},  # may still take effect
    **{f"denied_{put}": _BOOL for put in PUTS},  # was said not to have been applied
}
_OF_VERSIONS: Mapping[str, Term] = {
    "used": _BOOL,  # the ledger was once at it
    "whole": _BOOL,  # what it holds is well formed
    "attempts0": _INT,
    "attempts1": _INT,
    "backed0": _BOOL,  # there is a backoff
    "backed1": _BOOL,
    "until0": _INT,
    "until1": _INT,
    "claim": _BOOL,  # a claim wrote it
    "by": TICK,  # whose
}
_VALUES: Mapping[str, Term] = {
    "ledger": VERSION,  # the one that stands
    "evidence": _BOOL,  # there is some
    "valid": _BOOL,
    "present0": _BOOL,  # there is a publication of AUTO_12H
    "present1": _BOOL,
    "rewrote": _BOOL,  # an effect changed evidence that was there
    "clobbered": _BOOL,  # an effect changed invalid evidence
    "plain": _BOOL,  # an unconditional put of evidence, ledger or publication was asked for
    "republished": _BOOL,  # an effect changed a publication that was there
    "unheld": _BOOL,  # a claim took effect while the backoff ran
    "strayed": _BOOL,  # a key or a call of another tenant was asked for
}


class World:
    """The fields at one moment: functions of a tick, a version or a host, and values."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def __getattr__(self, name: str) -> Any:
        return self._fields[name]

    def of(self, name: str, late: Term, x: Term) -> Term:
        """A field that there is once a trigger, for AUTO_24H where `late`."""
        return z3.If(late, self._fields[f"{name}1"](x), self._fields[f"{name}0"](x))

    def having(self, **values: Term) -> "World":
        """With other values."""
        return World({**self._fields, **values})

    def at(self, x: Term, **changes: Term) -> "World":
        """With other values of functions at `x`."""
        return World({**self._fields, **{name: _at(self._fields[name], x, to) for name, to in changes.items()}})


def _at(function: Callable[[Term], Term], x: Term, to: Term) -> Callable[[Term], Term]:
    return lambda y: z3.If(y == x, to, function(y))


def world() -> World:
    """A world of which nothing is known."""
    of_ticks = {name: z3.Function(name, TICK, sort) for name, sort in OF_TICKS.items()}
    of_versions = {name: z3.Function(name, VERSION, sort) for name, sort in _OF_VERSIONS.items()}
    values = {name: z3.Const(name, sort) for name, sort in _VALUES.items()}
    return World({**of_ticks, **of_versions, **values, "clock": z3.Function("clock", _INT, _INT)})


def fresh(sort: Term, name: str) -> Term:
    """A constant of which nothing is known."""
    return z3.FreshConst(sort, name)
