"""Traces: a world's beginning and its actions, as a JSON file that says what they violate."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from attrs import evolve, frozen

from evidence_runtime.recording import FORMAT as RECORDING
from evidence_sim.config import ALLOWED, Config, Initial
from evidence_sim.facts import Fact
from evidence_sim.faults import PROFILES
from evidence_sim.invariants import BY_ID
from evidence_sim.labels import Action, index, letter, parse
from evidence_sim.machines import MACHINES, ROLLOUT, NoMachine
from evidence_sim.meant import meant
from evidence_sim.values import NotEnabled
from evidence_sim.world import apply, initial

FORMAT = "evidence-trace/1"
_FIELDS = frozenset({"format", "machine", "profile", "config", "violates", "actions"})


class TraceError(ValueError):
    """A file is no trace of this version, or its actions do not apply; the message names what and why."""


@frozen
class Trace:
    """Actions from a beginning on; `violates` is the id of an invariant, or None."""

    config: Config
    actions: tuple[Action, ...]
    violates: str | None = None

    @property
    def machine(self) -> str:
        """The machines, as the command line spells them."""
        return ",".join(self.config.machines)


def replay(trace: Trace) -> Iterator[Fact]:
    """The facts of a trace. Raises TraceError at the first action that cannot happen."""
    world = initial(trace.config)
    for number, action in enumerate(trace.actions, 1):
        try:
            world, fact = apply(world, action)
        except NotEnabled as error:
            raise TraceError(f"the trace does not apply to {trace.machine}: action {number}, {error}") from None
        yield fact


def verdicts(trace: Trace) -> dict[str, tuple[int, str]]:
    """Each violated invariant, with the number of its first violating action and the sentence."""
    found: dict[str, tuple[int, str]] = {}
    for number, fact in enumerate(replay(trace), 1):
        for invariant in BY_ID.values():
            verdict = invariant.judge(fact)
            if verdict:
                found.setdefault(invariant.id, (number, verdict))
    return found


def dump(trace: Trace) -> str:
    """The file's text."""
    config = trace.config
    begins = {letter(tenant): _initial(state) for tenant, state in enumerate(config.initial)}
    described: dict[str, Any] = {"tenants": config.tenants, "hosts": config.hosts, "initial": begins}
    if any(config.offsets):
        described["offsets"] = list(config.offsets)
    fields = {
        "format": FORMAT,
        "machine": trace.machine,
        "profile": config.profile,
        "config": described,
        "violates": trace.violates,
        "actions": [str(action) for action in trace.actions],
    }
    return json.dumps(fields, indent=2) + "\n"


def _initial(state: Initial) -> dict[str, str]:
    default = Initial()
    named = {name: getattr(state, name) for name in ALLOWED}
    return {name: value for name, value in named.items() if name == "evidence" or value != getattr(default, name)}


def load(text: str, machine: str | None = None) -> Trace:
    """The trace in a file's text, with another machine in its place if one is named. Raises TraceError."""
    if format_of(text) == RECORDING:
        raise TraceError(f"this is a recording, {RECORDING}; judge it with evidence-sim validate")
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TraceError(f"this is no JSON: {error}") from None
    if not isinstance(fields, dict) or fields.get("format") != FORMAT:
        found = fields.get("format") if isinstance(fields, dict) else None
        raise TraceError(f"the format is {found!r}; this version reads {FORMAT!r}")
    if unknown := sorted(set(fields) - _FIELDS):
        raise TraceError(f"unknown fields {', '.join(unknown)}; a trace has {', '.join(sorted(_FIELDS))}")
    machines = _machines(str(fields.get("machine"))) if machine is None else machine.split(",")
    try:
        for name in machines:
            MACHINES[name]
    except NoMachine as error:
        raise TraceError(str(error)) from None
    beside(machines)
    _one_of("profile", fields.get("profile"), PROFILES)
    violates = fields.get("violates")
    if violates is not None:
        _one_of("violates", violates, BY_ID)
    try:
        config = _config(fields.get("config"), tuple(machines), fields["profile"])
        actions = tuple(parse(text) for text in _list(fields.get("actions"), "actions"))
    except ValueError as error:
        raise TraceError(str(error)) from None
    return Trace(config, actions, violates)


def format_of(text: str) -> object:
    """The format that a file names, in its first line or as a whole; None where it names none."""
    for part in (text.partition("\n")[0], text):
        try:
            fields = json.loads(part)
        except (ValueError, RecursionError):
            continue
        return fields.get("format") if isinstance(fields, dict) else None
    return None


def beside(machines: Sequence[str]) -> None:
    """Raises TraceError for machines that cannot stand beside each other: only the kernel is judged there."""
    if len(set(machines)) > 1 and not ("kernel" in machines and set(machines) <= set(ROLLOUT)):
        raise TraceError(f"machines beside each other need the kernel among them, and may be {', '.join(ROLLOUT)}")


def _machines(named: str) -> list[str]:
    """The machines that a file names. No file has a module imported: whoever replays it names that module."""
    for name in named.split(","):
        if ":" in name and name not in MACHINES:
            raise TraceError(f"machine {name!r} is of a module; to have it imported, replay with --machine {name}")
    return named.split(",")


def _one_of(what: str, value: object, allowed: Any) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise TraceError(f"{what} {value!r} is none of {', '.join(allowed)}{meant(str(value), allowed)}")


def _list(value: object, what: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TraceError(f"{what} must be a list of texts")
    return value


def _config(fields: object, machines: tuple[str, ...], profile: str) -> Config:
    if not isinstance(fields, dict) or not set(fields) <= {"tenants", "hosts", "initial", "offsets"}:
        raise TraceError("config must be an object of tenants, hosts, initial and offsets")
    tenants, hosts = fields.get("tenants", 1), fields.get("hosts", 1)
    if type(tenants) is not int or type(hosts) is not int:
        raise TraceError("tenants and hosts must be numbers")
    blank = Config(tenants, hosts, machines, profile)
    begins = list(blank.initial)
    given = fields.get("initial", {})
    if not isinstance(given, dict):
        raise TraceError("initial must be an object of tenants' letters")
    for name, state in given.items():
        at = index(name) if name.isalpha() and name.islower() and name.isascii() else tenants
        if at >= tenants or not isinstance(state, dict) or not set(state) <= set(ALLOWED):
            raise TraceError(f"initial {name!r} must name one of {tenants} tenants, with {', '.join(ALLOWED)}")
        begins[at] = Initial(**state)
    offsets = fields.get("offsets", [0] * hosts)
    if not isinstance(offsets, list) or not all(type(offset) is int for offset in offsets):
        raise TraceError("offsets must be a list of ms, one a host")
    return evolve(blank, initial=tuple(begins), offsets=tuple(offsets))
