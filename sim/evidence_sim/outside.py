"""The actions from outside: what happens to records, and what operators do."""

from attrs import evolve

from evidence_kernel import Expect
from evidence_sim.answers import Unable, corrupt, written
from evidence_sim.cells import Cells
from evidence_sim.codes import SPELLING, AnswerCode
from evidence_sim.config import records
from evidence_sim.facts import Fact, Write
from evidence_sim.labels import Outside
from evidence_sim.operators import repaired
from evidence_sim.ticks import tenant_of, with_tenant
from evidence_sim.values import NotEnabled, Tenant, World


def outside(world: World, action: Outside) -> tuple[World, Fact]:
    """One record is deleted, expires or is spoilt; or a tenant is repaired, or forgotten by one record."""
    tenant = tenant_of(world, action)
    if action.what is AnswerCode.REPAIR:
        return _repair(world, action, tenant)
    if action.what is AnswerCode.FORGET:
        return _forget(world, action, tenant)
    assert action.record is not None
    key = records(action.tenant).by_name[action.record]
    if world.cells.at(key).value is None:
        raise NotEnabled(action, "there is no such record")
    if action.what is AnswerCode.CORRUPT:
        try:
            cells, write = corrupt(world.cells, key, action.arg)
        except Unable as why:
            raise NotEnabled(action, str(why)) from None
    else:
        cells, write = _replaced(world, key, None)
    runs = tuple(evolve(run, hurt=True) for run in tenant.runs)
    hurt = evolve(tenant, runs=runs, ghost=evolve(tenant.ghost, clean=False))
    after = with_tenant(world, action.tenant, hurt, cells)
    fault = f"outside:{SPELLING[action.what]}"
    return after, Fact(action, action.tenant, world, after, writes=(write,), fault=fault)


def _replaced(world: World, key: str, value: bytes | None) -> tuple[Cells, Write]:
    before = world.cells.at(key)
    cells = world.cells.write(key, value, Expect.ANY)
    assert cells is not None
    return cells, written(key, before, cells.at(key), None)


def _repair(world: World, action: Outside, tenant: Tenant) -> tuple[World, Fact]:
    index = action.tenant
    change = repaired(world.cells, index, tenant.ghost.generates, world.clocks[0], tenant.started)
    if change is None:
        return world, Fact(action, index, world, world)
    cells, write = _replaced(world, *change)
    after = with_tenant(world, index, evolve(tenant, ghost=evolve(tenant.ghost, clean=False)), cells)
    return after, Fact(action, index, world, after, writes=(write,))


def _forget(world: World, action: Outside, tenant: Tenant) -> tuple[World, Fact]:
    """One deletion; the one that finds nothing left begins the new installation."""
    index = action.tenant
    if tenant.runs or tenant.pending:
        raise NotEnabled(action, "the tenant has ticks in flight or puts under way")
    keys = records(index).by_name.values()
    present = [key for key in keys if world.cells.at(key).value is not None]
    if present:
        cells, write = _replaced(world, present[0], None)
        after = with_tenant(world, index, evolve(tenant, forgetting=True), cells)
        return after, Fact(action, index, world, after, writes=(write,))
    after = with_tenant(world, index, Tenant(tenant.started), world.cells.forget(keys))
    return after, Fact(action, index, world, after)
