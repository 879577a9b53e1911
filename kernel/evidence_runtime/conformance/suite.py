"""All rules, as tests of a class and as verdicts."""

from collections.abc import Callable, Iterable, Iterator

from attrs import frozen

from evidence_runtime.conformance import histories, outages, racing, single
from evidence_runtime.conformance.rule import Rule, Subject

RULES: tuple[Rule, ...] = single.RULES + racing.RULES + histories.RULES + outages.RULES


class Suite(Subject):
    """A subject whose class has a test for each rule, `test_` and its name; one that cannot be tried is skipped.

    Give `open`, and where it applies `stop`, `start`, `crash` and `processes`. Subclasses whose names begin with
    Test are found by pytest; where other processes take part the class must be at the top of its module.
    """


def _test(rule: Rule) -> Callable[[Subject], None]:
    def test(self: Subject) -> None:
        rule.hold(self)

    test.__doc__ = rule.says
    return test


for _rule in RULES:
    setattr(Suite, f"test_{_rule.name}", _test(_rule))


@frozen
class Verdict:
    """What came of one rule: `broken` says how, `not_run` why it was not tried; it holds where both are empty."""

    rule: Rule
    broken: str = ""
    not_run: str = ""

    def __str__(self) -> str:
        broken = f"broken: {self.broken}" if self.broken else ""
        return f"{self.rule.name}: {broken or self.not_run or 'holds'}"


def verdicts(subject: Subject, rules: Iterable[Rule] = RULES) -> Iterator[Verdict]:
    """Try each rule in turn. Whatever a store raises breaks the rule that was tried."""
    for rule in rules:
        if lacks := rule.lacks(subject):
            yield Verdict(rule, not_run=lacks)
            continue
        try:
            rule.hold(subject)
        except Exception as error:  # the port lets nothing be raised but StoreError by a scan
            yield Verdict(rule, broken=f"{error}" if isinstance(error, AssertionError) else repr(error))
        else:
            yield Verdict(rule)
