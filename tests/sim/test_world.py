"""The world: labels apply alone, worlds are values, and what cannot happen says why."""

import pytest

from evidence_kernel import Trigger
from evidence_sim.config import Config, Initial, records
from evidence_sim.facts import Fact
from evidence_sim.labels import parse
from evidence_sim.sample import Plan, sample
from evidence_sim.values import NotEnabled, World
from evidence_sim.world import actions, apply, initial

FIRST_TICK = (
    "Start(a,1,h0)",
    "StatusRead(a,1):ok",
    "StatusOpen(a,1):ok",
    "EvidenceRead(a,1):ok",
    "EvidencePut(a,1):ok",
    "EvidenceVerify(a,1):ok",
    "TimestampRead(a,1):ok",
    "LedgerRead(a,1):ok",
    "StatusClose(a,1):ok",
)


def run(config: Config, *labels: str) -> tuple[World, list[Fact]]:
    """The world after labels, and their facts."""
    world, facts = initial(config), []
    for label in labels:
        world, fact = apply(world, parse(label))
        facts.append(fact)
    return world, facts


def test_a_first_tick_backfills_and_ends() -> None:
    world, facts = run(Config(), *FIRST_TICK)
    assert facts[-1].outcome == "NOT_DUE"
    assert facts[-1].result.did_backfill
    assert world.tenants[0].runs == ()
    assert world.cells.at(records(0).evidence).value is not None


def test_a_world_is_a_value() -> None:
    before, _ = run(Config(), *FIRST_TICK[:4])
    one, _ = apply(before, parse("EvidencePut(a,1):ok"))
    other, _ = apply(before, parse("EvidencePut(a,1):failed"))
    assert one != other
    assert before == run(Config(), *FIRST_TICK[:4])[0]
    assert apply(before, parse("EvidencePut(a,1):ok"))[0] == one


@pytest.mark.parametrize(
    ("label", "why"),
    [
        ("EvidencePut(a,1):ok", "the tick stands at EVIDENCE_READ"),
        ("EvidenceRead(a,2):ok", "tick 2 of that tenant is not in flight"),
        ("EvidenceRead(b,1):ok", "the world has 1 tenants"),
        ("EvidenceRead(a,1):torn:1", "torn is no answer to a read; those are ok, failed"),
        ("EvidenceRead(a,1):stale:1", "the key has 0 earlier values"),
        ("EvidenceRead(a,1):corrupt:0", "there is nothing to corrupt"),
        ("Start(a,1,h0)", "ordinals count up; the last was 1"),
        ("Start(a,2,h1)", "the world has 1 hosts"),
        ("Land(a,1,EvidencePut)", "no such put is under way"),
        ("Clock(h0,+1)", "clocks step by one of +300000"),
        ("Outside(a.evidence,delete)", "there is no such record"),
        ("Outside(a,forget)", "the tenant has ticks in flight"),
    ],
)
def test_what_cannot_happen_says_why(label: str, why: str) -> None:
    world, _ = run(Config(), *FIRST_TICK[:3])
    with pytest.raises(NotEnabled, match="cannot happen") as refused:
        apply(world, parse(label))
    assert why in refused.value.why


def test_a_tenant_with_a_late_put_is_not_forgotten() -> None:
    late = (*FIRST_TICK[:4], "EvidencePut(a,1):unknown-later", "Crash(a,1)")
    world, _ = run(Config(), *late)
    with pytest.raises(NotEnabled, match="puts under way"):
        apply(world, parse("Outside(a,forget)"))
    world, _ = run(Config(), *late, "Land(a,1,EvidencePut)", "Outside(a,forget)")
    assert world.tenants[0].forgetting


def test_a_late_put_lands_under_its_first_condition() -> None:
    late = (*FIRST_TICK[:4], "EvidencePut(a,1):unknown-later", "EvidenceVerify(a,1):ok", "Crash(a,1)")
    world, _ = run(Config(), *late)
    _, fact = apply(world, parse("Land(a,1,EvidencePut)"))
    assert fact.writes[0].appeared
    other = run(Config(), *late, *(label.replace("(a,1)", "(a,2)").replace("a,1,", "a,2,") for label in FIRST_TICK))[0]
    again, fact = apply(other, parse("Land(a,1,EvidencePut)"))
    assert not fact.writes[0].changed
    assert again.cells == other.cells


def test_forget_deletes_one_record_at_a_time_and_then_begins_anew() -> None:
    world, _ = run(Config(), *FIRST_TICK)
    deleted: list[list[str]] = []
    while world.tenants[0].forgetting or not deleted:
        world, fact = apply(world, parse("Outside(a,forget)"))
        deleted.append([write.key for write in fact.writes])
        if world.tenants[0].forgetting:
            with pytest.raises(NotEnabled, match="is being forgotten"):
                apply(world, parse("Start(a,2,h0)"))
    keys = records(0).by_name
    assert deleted == [[keys["status"]], [keys["evidence"]], []]
    assert world.cells.at(keys["evidence"]).past == ()
    assert apply(world, parse("Start(a,2,h0)"))[1].outcome == "NONE"


def test_repair_replaces_what_is_invalid_and_keeps_it() -> None:
    world, facts = run(Config(initial=(Initial("invalid"),)), "Outside(a,repair)")
    after = world.cells.at(records(0).evidence).value
    assert after is not None and b'"repaired_from":"{\\"installed_at\\":\\"yesterday\\"}"' in after
    assert apply(world, parse("Outside(a,repair)"))[1].writes == ()
    malformed = run(Config(initial=(Initial("valid", ledger="malformed"),)), "Outside(a,repair)")[0]
    ledger = malformed.cells.at(records(0).by_name["ledger"]).value
    assert ledger is not None and all(trigger.encode() in ledger for trigger in Trigger)
    assert facts[0].fault is None


@pytest.mark.parametrize("profile", ["crash-stop", "cloud-kv", "lying-disk", "byzantine"])
def test_what_is_sampled_is_enabled_and_applies_alone(profile: str) -> None:
    for fact in list(sample(Plan(profile=profile, tenants=2, ticks=2), 11))[:40]:
        assert isinstance(fact.before, World)
        assert fact.action in actions(fact.before)
        assert apply(fact.before, parse(str(fact.action)))[0] == fact.after


def test_what_is_listed_applies() -> None:
    world, _ = run(Config(profile="byzantine", tenants=2), *FIRST_TICK[:5], "Start(b,1,h0)")
    listed = actions(world)
    assert len(set(listed)) == len(listed)
    for action in listed:
        apply(world, action)
