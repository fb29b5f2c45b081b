"""Spans of runs: a run belongs to the span that its tag names, the request's; without one it writes its own there."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg
from sqlalchemy.exc import SQLAlchemyError

from pipelines.run_recovery import runs_of
from policycortex.names import TAG_REPORT, TAG_TRACE
from policycortex.settings import Settings
from policycortex.tracing.spans import Attributes, tracing_of

_log = logging.getLogger("policycortex.pipelines")


@contextmanager
def report_span(
    context: dg.AssetExecutionContext | dg.OpExecutionContext, settings: Settings, attributes: Attributes
) -> Iterator[None]:
    """The span of a report's run, sent when it ends: the process ends at once after it."""
    tracing, given = tracing_of(settings), context.run.tags.get(TAG_TRACE)
    try:
        with tracing.span("make report", {"dagster.run_id": context.run.run_id, **attributes}, parent=given):
            if given is None and (own := tracing.context()) is not None:
                context.instance.add_run_tags(context.run.run_id, {TAG_TRACE: own})
            yield
    finally:
        tracing.flush()


@contextmanager
def sent_spans(settings: Settings) -> Iterator[None]:
    """Send the spans that the code within made: the process ends at once after it."""
    try:
        yield
    finally:
        tracing_of(settings).flush()


def report_traces(settings: Settings, instance: dg.DagsterInstance) -> Callable[[str], str | None]:
    """Finds the span that a report belongs to, by the report's id. Asks Dagster only where spans are made."""
    if settings.traces_url is None:
        return lambda _: None
    return lambda report_id: _trace_of(instance, report_id)


def _trace_of(instance: dg.DagsterInstance, report_id: str) -> str | None:
    try:
        runs = runs_of(instance, TAG_REPORT, report_id)
    except SQLAlchemyError as error:  # a delivery does not fail for want of its span
        _log.warning("the span of report %s cannot be read: %s", report_id, error)
        return None
    return next((trace for run in runs if (trace := run.tags.get(TAG_TRACE)) is not None), None)
