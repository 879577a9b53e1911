"""A span a tick and a counter by outcome, over the OpenTelemetry API; comes with the extra `otel`.

    run_fleet(store, tenants, generate, tick=traced(run_tick))

The span `evidence.tick` is the current one while its tick runs, so that what a store's client library traces stands
below it. The counter `evidence.ticks` counts by `evidence.outcome`, and what ends without one by `error.type`.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from evidence_kernel import Invocation, TickResult
from evidence_kernel.records.keys import encode_tenant

try:
    from opentelemetry.metrics import MeterProvider, get_meter
    from opentelemetry.trace import StatusCode, TracerProvider, get_tracer
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(f"{missing.name} is missing; pip install 'evidence-kernel[otel]'") from missing

_SCOPE = "evidence_runtime"
_Ended = Callable[[TickResult], TickResult]


def traced(
    tick: Callable[..., TickResult],
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
) -> Callable[..., TickResult]:
    """`run_tick`, or what is called alike, with a span and counted; without providers, on the global ones."""
    spanned = _spanning(tracer_provider, meter_provider)

    def run(store: object, invocation: Invocation, *arguments: Any, **options: Any) -> TickResult:
        with spanned(invocation.tick_id) as ended:
            return ended(tick(store, invocation, *arguments, **options))

    return run


def traced_async(
    tick: Callable[..., Awaitable[TickResult]],
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
) -> Callable[..., Awaitable[TickResult]]:
    """As `traced`, of `evidence_runtime.aio.run_tick`."""
    spanned = _spanning(tracer_provider, meter_provider)

    async def run(store: object, invocation: Invocation, *arguments: Any, **options: Any) -> TickResult:
        with spanned(invocation.tick_id) as ended:
            return ended(await tick(store, invocation, *arguments, **options))

    return run


def _spanning(
    tracer_provider: TracerProvider | None, meter_provider: MeterProvider | None
) -> Callable[[str], AbstractContextManager[_Ended]]:
    tracer = get_tracer(_SCOPE, tracer_provider=tracer_provider)
    meter = get_meter(_SCOPE, meter_provider=meter_provider)
    ticks = meter.create_counter("evidence.ticks", unit="{tick}", description="Ticks, by how they ended")

    @contextmanager
    def spanned(tick_id: str) -> Iterator[_Ended]:
        attributes = {"evidence.tick_id": tick_id}
        with tracer.start_as_current_span(
            "evidence.tick", attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:

            def ended(result: TickResult) -> TickResult:
                span.set_attributes(_described(result))
                if result.http_status != 200:
                    span.set_status(StatusCode.ERROR, result.reason.value)
                ticks.add(1, {"evidence.outcome": result.outcome.value})
                return result

            try:
                yield ended
            except BaseException as error:  # a crash: by its type alone, for its text may hold anything
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(StatusCode.ERROR, type(error).__name__)
                ticks.add(1, {"error.type": type(error).__name__})
                raise

    return spanned


def _described(result: TickResult) -> dict[str, str | bool | int]:
    of_some = {
        "evidence.tenant": None if result.tenant is None else encode_tenant(result.tenant),
        "evidence.trigger": None if result.trigger is None else result.trigger.value,
    }
    return {
        **{name: value for name, value in of_some.items() if value is not None},
        "evidence.outcome": result.outcome.value,
        "evidence.reason": result.reason.value,
        "evidence.http_status": result.http_status,
        "evidence.did_backfill": result.did_backfill,
        "evidence.degraded": result.degraded,
    }
