"""Ticks under OpenTelemetry's own SDK: a span each, counted by outcome, and nothing of it where it is not asked for."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from attrs import frozen
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from evidence_kernel import Expect, Misuse, ReadAnswer, TickResult
from evidence_kernel.records.keys import evidence_key
from evidence_runtime import MemoryStore, aio, invocation, run_fleet, run_tick
from evidence_runtime.otel import traced, traced_async
from tests.runtime.forms import awaited

NOW = 1_767_456_000_000
HALF_A_DAY = b'{"installed_at":"2026-01-03T04:00:00Z"}'


@frozen
class Seen:
    """What an exporter was given."""

    spans: InMemorySpanExporter
    metrics: InMemoryMetricReader
    providers: dict[str, Any]

    def finished(self) -> list[ReadableSpan]:
        """The spans, in the order of their ends."""
        return list(self.spans.get_finished_spans())

    def counted(self) -> dict[str, int]:
        """The counter, by its only attribute."""
        data = self.metrics.get_metrics_data()
        assert data is not None
        [metric] = [m for of in data.resource_metrics for scope in of.scope_metrics for m in scope.metrics]
        assert metric.name == "evidence.ticks"
        counts: dict[str, int] = {}
        for point in metric.data.data_points:
            assert isinstance(point, NumberDataPoint) and point.attributes is not None
            [value] = point.attributes.values()
            counts[str(value)] = int(point.value)
        return counts


@pytest.fixture
def seen() -> Iterator[Seen]:
    """Providers of the SDK, which export into memory."""
    spans, metrics = InMemorySpanExporter(), InMemoryMetricReader()
    tracing, metering = TracerProvider(), MeterProvider([metrics])
    tracing.add_span_processor(SimpleSpanProcessor(spans))
    yield Seen(spans, metrics, {"tracer_provider": tracing, "meter_provider": metering})
    tracing.shutdown()
    metering.shutdown()


def _sync(seen: Seen) -> Callable[..., TickResult]:
    return traced(run_tick, **seen.providers)


def _asyncio(seen: Seen) -> Callable[..., TickResult]:
    tick = traced_async(aio.run_tick, **seen.providers)

    async def use(store: MemoryStore, call: Any, generate: Callable[..., Any], options: dict[str, Any]) -> TickResult:
        async with aio.Threaded(store) as threaded:
            return await tick(threaded, call, awaited(generate), **options)

    return lambda store, call, generate, **options: asyncio.run(use(store, call, generate, options))


@pytest.fixture(params=[_sync, _asyncio])
def tick(request: pytest.FixtureRequest, seen: Seen) -> Callable[..., TickResult]:
    """Either form of the driver, traced."""
    form: Callable[..., TickResult] = request.param(seen)
    return form


class Tracing(MemoryStore):
    """A store whose client library makes spans too."""

    def __init__(self, seen: Seen) -> None:
        super().__init__()
        self._tracer = seen.providers["tracer_provider"].get_tracer("a driver")
        self.put(evidence_key("acme"), HALF_A_DAY, Expect.ABSENT)

    def get(self, key: str) -> ReadAnswer:
        """As a span."""
        with self._tracer.start_as_current_span("get"):
            return super().get(key)


@pytest.mark.parametrize("limit", [None, 10.0])
def test_a_tick_is_a_span_that_others_stand_below(
    tick: Callable[..., TickResult], seen: Seen, limit: float | None
) -> None:
    call = invocation("acme")
    result = tick(Tracing(seen), call, lambda *_: {}, clock=lambda: NOW, store_timeout=limit)
    *gets, span = seen.finished()
    assert (span.name, span.status.status_code) == ("evidence.tick", StatusCode.UNSET)
    assert dict(span.attributes or {}) == {
        "evidence.tick_id": result.tick_id,
        "evidence.tenant": "acme",
        "evidence.trigger": "AUTO_12H",
        "evidence.outcome": "GENERATED",
        "evidence.reason": "published",
        "evidence.http_status": 200,
        "evidence.did_backfill": False,
        "evidence.degraded": False,
    }
    assert gets and {get.parent and get.parent.span_id for get in gets} == {span.context.span_id}
    assert seen.counted() == {"GENERATED": 1}


def test_what_fails_and_what_crashes_is_an_error(tick: Callable[..., TickResult], seen: Seen) -> None:
    def fails(*_: object) -> Any:
        raise ValueError

    def crashes(*_: object) -> Any:
        raise SystemExit

    tick(Tracing(seen), invocation("acme"), fails, clock=lambda: NOW)
    with pytest.raises(SystemExit):
        tick(Tracing(seen), invocation("acme"), crashes, clock=lambda: NOW)
    with pytest.raises(Misuse):
        tick(Tracing(seen), type(invocation("acme"))("no good", None), crashes, clock=lambda: NOW)
    tick(Tracing(seen), invocation(None), crashes, clock=lambda: NOW)
    spans = [span for span in seen.finished() if span.name == "evidence.tick"]
    assert [span.status.status_code for span in spans] == [StatusCode.ERROR] * 4
    assert [span.status.description for span in spans][::3] == ["generation_failed", "no_tenant_identity"]
    assert [(span.attributes or {}).get("error.type") for span in spans] == [None, "SystemExit", "Misuse", None]
    assert not any(span.events for span in spans), "an exception's text"
    assert seen.counted() == {"GENERATION_FAILED": 1, "SystemExit": 1, "Misuse": 1, "REFUSED": 1}


def test_a_round_s_ticks_are_spans_of_their_own(seen: Seen) -> None:
    tenants = [f"t{n}" for n in range(20)]
    done = run_fleet(MemoryStore(), tenants, lambda *_: None, tick=traced(run_tick, **seen.providers))

    async def use() -> None:
        tick = traced_async(aio.run_tick, **seen.providers)
        async with aio.Threaded(MemoryStore()) as store:
            await aio.run_fleet(store, tenants, awaited(lambda *_: None), tick=tick)

    asyncio.run(use())
    assert done.ticks == 20
    assert seen.counted() == {"NOT_DUE": 40}
    assert all(span.parent is None for span in seen.finished())
    assert not trace.get_current_span().is_recording()


def test_nothing_is_imported_that_is_not_asked_for() -> None:
    program = """
import sys
import evidence_runtime, evidence_runtime.aio
assert not [name for name in sys.modules if name.startswith("opentelemetry")]
sys.modules["opentelemetry"] = None
try:
    import evidence_runtime.otel
except ModuleNotFoundError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "is missing; pip install 'evidence-kernel[otel]'" in done.stdout
