"""The stage of a report's run in the registry, for those who wait. Written at most twice a second.

Each stage is a span below the run's.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from policycortex.names import ReportFormat, ReportStage
from policycortex.storage.registry import Registry
from policycortex.tracing.spans import NO_TRACING, Tracing

_SHORTEST_SECONDS: Final = 0.5
_COMPOSED_PCT: Final = 40
_RENDERED_PCT: Final = 90
_STARTS: Final = {
    ReportStage.READING: 1,
    ReportStage.COMPOSING: 10,
    ReportStage.RENDERING: _COMPOSED_PCT,
    ReportStage.PROTECTING: _RENDERED_PCT,
    ReportStage.STORING: 97,
}
"""Percent at which a stage begins."""
_WEIGHTS: Final = {ReportFormat.PDF: 12, ReportFormat.HTML: 3, ReportFormat.EXCEL: 3}
"""How long a format takes beside the others, which have 1."""


class ReportProgress:
    """The progress of one run."""

    def __init__(
        self,
        registry: Registry,
        report_id: str,
        run_id: str,
        formats: Sequence[ReportFormat],
        *,
        clock: Callable[[], float] = time.monotonic,
        log: Callable[[str], None] = lambda _: None,
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self._registry, self._report_id, self._run_id, self._clock = registry, report_id, run_id, clock
        self._formats, self._log = formats, log
        self._written_at = self._began_at = clock()
        self._stage, self._tracing = ReportStage.READING.value, tracing
        self._span = tracing.begin(self._stage)

    def enter(self, stage: ReportStage, report_format: ReportFormat | None = None) -> None:
        """Note that a stage begins, for ``RENDERING`` with its format; not if it begins too soon after the last.

        The log has every stage, with its seconds, when it ends.
        """
        name = f"{stage.value}:{report_format.value}" if report_format is not None else stage.value
        self._end_stage(name)
        self._span = self._tracing.begin(name)
        if self._clock() - self._written_at < _SHORTEST_SECONDS:
            return
        percent = _STARTS[stage] + self._rendered_pct(report_format)
        self._registry.reports.note_stage(self._report_id, self._run_id, name, percent)
        self._written_at = self._clock()

    @contextmanager
    def until_end(self) -> Iterator[None]:
        """End the last stage after the code within; the span of a stage that ends with an error is failed."""
        try:
            yield
        except BaseException as error:
            self._span.fail(type(error).__name__)
            self._span.end()
            raise
        self._end_stage("")

    def _end_stage(self, next_stage: str) -> None:
        now = self._clock()
        self._span.end()
        self._log(f"stage {self._stage} took {now - self._began_at:.2f} s")
        self._stage, self._began_at = next_stage, now

    def _rendered_pct(self, report_format: ReportFormat | None) -> int:
        """Percent of the formats before this one."""
        if report_format is None:
            return 0
        before = self._formats[: self._formats.index(report_format)]
        share = sum(map(_weight, before)) / sum(map(_weight, self._formats))
        return round(share * (_RENDERED_PCT - _COMPOSED_PCT))


def _weight(report_format: ReportFormat) -> int:
    return _WEIGHTS.get(report_format, 1)
