"""The store port's contract as a kit: rules that hold an adapter, in either form, against it.

With pytest, a test for each rule, in a file that pytest collects:

    class TestMyStore(Suite):
        def open(self):
            return MyStore(...)  # called again for each connection, thread and process

Without it: `for verdict in verdicts(subject): print(verdict)`, with a Subject of the same methods.
"""

from evidence_runtime.conformance.bridge import Bridge
from evidence_runtime.conformance.rule import Rule, Subject, Trial
from evidence_runtime.conformance.suite import RULES, Suite, Verdict, verdicts

__all__ = ["RULES", "Bridge", "Rule", "Subject", "Suite", "Trial", "Verdict", "verdicts"]
