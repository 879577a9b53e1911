"""For each rule of the store's contract, a store that breaks it and nothing else."""

from collections.abc import Callable, Mapping
from pathlib import Path

from evidence_runtime import MemoryStore, SqliteStore
from evidence_runtime.conformance import Subject
from tests.runtime import broken_connections as many
from tests.runtime import broken_histories as histories
from tests.runtime import broken_stores as single
from tests.runtime.broken_connections import Connection, InFile, Served


def _here(store: type[MemoryStore], connection: type[Connection] = Connection) -> Callable[[Path], Subject]:
    return lambda _: Served(store(), connection)


def _in_file(kind: type[SqliteStore]) -> Callable[[Path], Subject]:
    return lambda folder: InFile(folder / "store.sqlite", kind)


BROKEN: Mapping[str, Callable[[Path], Subject]] = {
    "put_if_absent_applies_once": _here(single.AppliesTwice),
    "put_at_a_version": _here(single.IgnoresVersions),
    "a_version_needs_a_value": _here(single.PutsAtAGoneVersion),
    "put_whatever_is_there": _here(single.AnyIsAbsent),
    "values_are_bytes": _here(single.StripsZeros),
    "no_version_twice": _here(single.CountsAgain),
    "delete_at_a_version": _here(single.DeletesAnyVersion),
    "delete_what_is_absent": _here(single.MissesTheAbsent),
    "scan_by_prefix": _here(single.ScansByPattern),
    "scan_many": _here(single.ScansAPage),
    "scan_beside_a_deletion": _here(single.ScansByPosition),
    "keys_differ_by_every_character": _here(single.CutsKeys),
    "one_of_many_applies": _here(single.LooksThenLeaps),
    "one_of_many_replaces": _here(single.ComparesThenPuts),
    "racing_versions_differ": _here(single.CountsLate),
    "one_connection_of_many_applies": _here(MemoryStore, many.LocksAConnection),
    "one_connection_of_many_replaces": _here(MemoryStore, many.ComparesAlone),
    "one_process_of_many_applies": _in_file(many.LocksAProcess),
    "one_process_of_many_replaces": _in_file(many.ComparesInAProcess),
    "every_connection_sees_a_write": _here(MemoryStore, many.RemembersWhatItRead),
    "a_write_once_register_is_linearizable": _here(histories.ShowsAndHidesTheFirst),
    "a_versioned_register_is_linearizable": _here(histories.ShowsAndHides),
    "a_register_that_is_deleted_is_linearizable": _here(histories.HidesAndShows),
    "a_register_among_processes_is_linearizable": _in_file(histories.RemembersInAProcess),
    "no_version_twice_after_reopening": lambda _: many.CountsFromWhatIsThere(MemoryStore()),
    "no_value_is_half_written": _here(many.WritesByHalves),
    "a_write_that_timed_out_is_there_or_not": _here(many.BeginsByHalves),
    "who_is_away_answers_nothing": _here(MemoryStore, many.IsEmptyWhenAway),
    "it_comes_back": _here(MemoryStore, many.GivesUp),
    "what_was_acknowledged_survives_a_crash": lambda _: many.WritesBehind(MemoryStore()),
    "what_a_killed_process_was_told_is_there": _in_file(many.AcknowledgesFirst),
}
