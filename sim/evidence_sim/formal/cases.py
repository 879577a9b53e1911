"""What the checker is asked about spec/*.tla, and what it must answer: exact counts, and what must fail."""

from collections.abc import Mapping

from attrs import evolve, frozen

from evidence_sim.config import MINUTE
from evidence_sim.explore.bounds import Bounds
from evidence_sim.formal.models import BEGINS, constants, labelled, model
from evidence_sim.formal.tlc import HOLDS, VIOLATED, WEDGED, Model

STATES = ("S4", "S5", "S8Once", "S9", "S13", "S18", "L1")
STEPS = ("S1", "S2", "S3", "S6", "S7", "S8", "S14", "S17", "SettlesItsOwn", "FailedIsNotDone")
LIVE = ("L1Forever", "L2", "L3")
_NOT_PROMISED = {"lying-disk": ("S7", "S9")}


@frozen
class Case:
    """One question and its answer.

    `module` is asked, with rule `flaw` of the protocol broken. `states` are the distinct ones that are met, up to
    the violation where `violated` is one; then `steps` are its shortest trace. A trace of what never comes
    to pass has no shortest: 0. `large`: not in the default set. `bound`: of periods, for the module Calm.
    """

    name: str
    module: str
    profile: str
    bounds: Bounds
    states: int
    begins: tuple[str, ...] = BEGINS
    flaw: str = "none"
    asks: tuple[str, ...] = ()
    violated: str | None = None
    steps: int = 0
    large: bool = False
    why: str = ""
    bound: int = 0

    @property
    def must_hold(self) -> tuple[str, ...]:
        """The properties that it is asked for: all that its profile promises, unless it names them."""
        asked = self.asks or (*STATES, *STEPS)
        left_out = () if self.asks else _NOT_PROMISED.get(self.profile, ())
        return tuple(name for name in asked if name not in left_out)

    @property
    def exit_code(self) -> int:
        """A violated state exits with 12, a violated step or what never comes to pass with 13."""
        if self.violated is None:
            return HOLDS
        return VIOLATED if self.violated in (*STATES, "Within") or self.violated.startswith("Naive") else WEDGED

    @property
    def workers(self) -> int:
        """One where the order of the search counts: for a shortest trace, and for liveness."""
        return 1 if self.violated is not None or self.module == "Forever" else 2

    def model(self, modules: Mapping[str, str]) -> Model:
        """What TLC is given."""
        states = tuple(name for name in self.must_hold if name in STATES or name.startswith("Naive"))
        steps = tuple(name for name in self.must_hold if name not in states)
        if self.module == "Promises":
            return labelled(
                self.bounds,
                self.profile,
                self.begins,
                modules,
                base="Promises",
                flaw=self.flaw,
                invariants=states,
                properties=steps,
            )
        values = constants(self.bounds, self.profile, self.begins, self.flaw)
        if self.module == "Calm":
            values["Bound"] = str(self.bound)
            return model(self.module, values, modules, "INIT InitCalm\nNEXT NextCalm", self.asks)
        if self.module == "Status":
            values = {name: value for name, value in values.items() if name not in ("Begins", "Corrupts")}
        spec = "Always" if self.module == "Forever" else "Spec"
        return model(self.module, values, modules, f"SPECIFICATION {spec}", states, steps)


def _holds(name: str, profile: str, bounds: Bounds, states: int, large: bool = False) -> Case:
    return Case(name, "Promises", profile, bounds, states, large=large)


def _fails(name: str, violated: str, steps: int, profile: str, bounds: Bounds, states: int, why: str) -> Case:
    return Case(name, "Promises", profile, bounds, states, ("absent", "valid-24h"), name, (), violated, steps, why=why)


def _alone(case: Case, flaw: str = "none") -> Case:
    """A case of another wording, or of an invariant that its profile does not promise: asked alone."""
    assert case.violated is not None
    return evolve(case, asks=(case.violated,), flaw=flaw)


_B = Bounds
HOLD = (
    _holds("perfect store", "crash-stop", _B(2, 1, 1), 6808),
    _holds("network", "cloud-kv", _B(2, 1, 1), 26555),
    _holds("network, two faults", "cloud-kv", _B(2, 2, 0), 4768),
    _holds("bad hardware", "lying-disk", _B(2, 1, 1), 51006),
    _holds("three ticks", "crash-stop", _B(3, 1, 0), 4938),
    _holds("three ticks, a network", "cloud-kv", _B(3, 1, 0), 19738, True),
    _holds("bad hardware, two faults", "lying-disk", _B(2, 2, 0), 16247),
    _holds("two faults, a clock step", "cloud-kv", _B(2, 2, 1), 91774, True),
    _holds("three ticks, a clock step", "crash-stop", _B(3, 1, 1), 146905, True),
    _holds("three ticks, bad hardware", "lying-disk", _B(3, 1, 0), 41532, True),
    Case("status", "Status", "cloud-kv", _B(2, 2, 2), 31511, asks=("S15",)),
    Case("status, three ticks", "Status", "cloud-kv", _B(3, 2, 1), 223294, asks=("S15",), large=True),
    Case("for ever", "Forever", "cloud-kv", _B(1, 1, 0), 4420, ("absent", "valid-24h"), asks=LIVE),
    Case("for ever, overlap", "Forever", "crash-stop", _B(2, 1, 0), 17678, ("valid-24h",), asks=LIVE),
    Case("for ever, a network", "Forever", "cloud-kv", _B(2, 1, 0), 65610, ("valid-24h",), asks=LIVE, large=True),
)


def _passed(profile: str, bounds: Bounds, bound: int, states: int, too_few: tuple[int, int]) -> tuple[Case, Case]:
    """How many periods pass before the report: no more than `bound`, and sometimes as many."""
    begins, name = ("absent", "valid-12h", "valid-24h"), f"a report within {bound}"
    holds = Case(name, "Calm", profile, bounds, states, begins, asks=("Within",), bound=bound)
    fewer, steps = too_few
    name = f"a report within {bound - 1}"
    why = f"it takes {bound}"
    fails = evolve(holds, name=name, states=fewer, violated="Within", steps=steps, bound=bound - 1, why=why)
    return holds, fails


NUMBERED = (
    *_passed("crash-stop", _B(2, 1, 0), 2, 6055, (2839, 19)),
    *_passed("cloud-kv", _B(1, 1, 0), 3, 706, (543, 23)),
    *_passed("cloud-kv", _B(2, 1, 0), 3, 12436, (8629, 23)),
    *_passed("lying-disk", _B(1, 1, 0), 3, 1392, (1025, 23)),
)
FAIL = (
    _fails("plain put", "S1", 6, "crash-stop", _B(2, 0, 0), 40, "evidence is put if absent"),
    _fails("any record verifies", "S3", 7, "crash-stop", _B(2, 0, 0), 58, "a read-back is compared byte for byte"),
    _fails("shared ids", "S4", 8, "crash-stop", _B(2, 0, 0), 72, "a tick's id is fresh, never the schedule's"),
    _fails("no claim", "S8Once", 5, "crash-stop", _B(2, 0, 0), 30, "an attempt is claimed before it is made"),
    Case(
        "no expiry",
        "Forever",
        "crash-stop",
        _B(1, 1, 0),
        186,
        ("valid-24h",),
        "no expiry",
        ("L2",),
        "L2",
        why="a claim ends by itself, since its claimant may crash",
    ),
    _fails("unknown as failed", "FailedIsNotDone", 3, "cloud-kv", _B(1, 1, 0), 13, "what is unknown is read back"),
    _fails("counter versions", "SettlesItsOwn", 16, "lying-disk", _B(2, 1, 0), 1797, "no version is given twice"),
    _fails("clock at start", "S8", 13, "crash-stop", _B(2, 0, 1), 1951, "each answer brings its own clock"),
    _fails(
        "no tolerance",
        "S8",
        13,
        "crash-stop",
        _B(2, 0, 1, clock=(-15 * MINUTE,)),
        531,
        "a backoff is implausible only beyond the tolerance of clocks",
    ),
    Case(
        "plain put of the status",
        "Status",
        "crash-stop",
        _B(2, 0, 1),
        208,
        BEGINS,
        "plain put",
        ("S15",),
        "S15",
        8,
        why="the status is put by compare-and-set",
    ),
    Case(
        "last is latest",
        "Status",
        "crash-stop",
        _B(2, 0, 1),
        751,
        BEGINS,
        "last is latest",
        ("S15",),
        "S15",
        11,
        why="a success is carried on by max, since clocks step back",
    ),
    _alone(
        _fails("naive S8", "NaiveS8", 13, "crash-stop", _B(2, 0, 1), 1266, "S8 judges a claim where it takes effect"),
    ),
    _alone(
        _fails("naive S13", "NaiveS13", 6, "cloud-kv", _B(1, 1, 0), 35, "S13 names the reads and writes that decide"),
        flaw="naive S13",
    ),
    _alone(_fails("S7 on bad hardware", "S7", 8, "lying-disk", _B(1, 1, 0), 75, "a torn publication is none")),
    _alone(_fails("S9 on bad hardware", "S9", 6, "lying-disk", _B(1, 1, 0), 57, "a torn claim counts nothing")),
)
CASES = (*HOLD, *NUMBERED, *FAIL)


@frozen
class GraphCase:
    """Bounds within which the code's graph is the specification's, and its size."""

    profile: str
    bounds: Bounds
    begins: tuple[str, ...]
    states: int
    edges: int
    large: bool = False

    @property
    def name(self) -> str:
        """For progress."""
        return f"same graph, {self.profile}"


# The tests hold the small ones.
GRAPHS = (
    GraphCase("crash-stop", _B(2, 1, 1), BEGINS, 6808, 17518, True),
    GraphCase("cloud-kv", _B(2, 1, 1), BEGINS, 26555, 72570, True),
    GraphCase("cloud-kv", _B(2, 2, 0), BEGINS, 4768, 17267),
    GraphCase("lying-disk", _B(2, 2, 0), BEGINS, 16247, 54802, True),
    GraphCase("lying-disk", _B(2, 1, 1), BEGINS, 51006, 129304, True),
    GraphCase("crash-stop", _B(3, 0, 0), BEGINS, 2565, 6481, True),
    GraphCase("crash-stop", _B(3, 1, 0), BEGINS, 4938, 17472, True),
    GraphCase("cloud-kv", _B(3, 1, 0), BEGINS, 19738, 71609, True),
    GraphCase("lying-disk", _B(3, 1, 0), BEGINS, 41532, 133922, True),
)
