"""Tells, when a report is requested, that nothing will be in its scope. Bounded: no order waits long for it."""

import logging
import threading
from concurrent.futures import TimeoutError as TooSlowError
from queue import Empty, Queue
from typing import Final

from cachetools import TTLCache

from policycortex.documents.scope_values import FilterValues, NothingInScope
from policycortex.errors import PolicyCortexError
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.settings import Settings

LONGEST_SECONDS: Final = 5.0
_KNOWN_SECONDS: Final = 30.0
_MOST_KNOWN: Final = 500
_VALUES_NAMED: Final = 10
_log = logging.getLogger("policycortex.reports")


class OrderWarnings:
    """Answers for one program. The same question within half a minute reads nothing; one is read at a time."""

    def __init__(self, settings: Settings, *, longest_seconds: float = LONGEST_SECONDS) -> None:
        self._settings, self._longest_seconds = settings, longest_seconds
        self._known: TTLCache[tuple[Scope, Period], NothingInScope | None] = TTLCache(_MOST_KNOWN, _KNOWN_SECONDS)
        self._reading = threading.Lock()

    def find_nothing_in_scope(self, scope: Scope, period: Period) -> NothingInScope | None:
        """Why no finding of the period is in the scope.

        None where there is one, where the scope has no filter, where the organisation has no findings at all, and
        where it is not known: findings of the period are not counted yet, or the lake does not answer in time.
        """
        if not scope.is_filtered:
            return None
        key = (scope, period)
        if key in self._known:
            return self._known[key]
        try:
            found = self._read_in_time(scope, period)
        except TooSlowError:
            _log.warning("the scope of an order was not compared with the findings in time")
            return None
        except PolicyCortexError as error:
            _log.warning("the scope of an order cannot be compared with the findings", extra={"reason": str(error)})
            return None
        self._known[key] = found
        return found

    def _read_in_time(self, scope: Scope, period: Period) -> NothingInScope | None:
        """Raises TooSlowError. The thread is a daemon, so that a lake that does not answer never delays the exit."""
        if not self._reading.acquire(timeout=self._longest_seconds):
            raise TooSlowError
        answers: Queue[NothingInScope | PolicyCortexError | None] = Queue()

        def read() -> None:
            answer: NothingInScope | PolicyCortexError | None = None
            try:
                answer = _read(self._settings, scope, period)
            except PolicyCortexError as error:
                answer = error
            finally:  # of another error the thread writes the traceback
                answers.put(answer)
                self._reading.release()

        threading.Thread(target=read, name="order-warnings", daemon=True).start()
        try:
            found = answers.get(timeout=self._longest_seconds)
        except Empty:
            raise TooSlowError from None
        if isinstance(found, PolicyCortexError):
            raise found
        return found


def describe_nothing(found: NothingInScope) -> str:
    """The warning in words: each filter that matches nothing, with the values that there are."""
    return f"The report will be empty{', because' if found.has_scans else ':'} {reason_for_nothing(found)}."


def reason_for_nothing(found: NothingInScope) -> str:
    """The same without the report: ``the organisation has no scan in the period; ...``."""
    if not found.has_scans:
        last = f"; its newest scan before its end is of {found.last_scan_on}" if found.last_scan_on else ""
        return f"the organisation has no scan in the period{last}"
    parts = [_describe(each) for each in found.filters if each.unknown]
    reason = "; ".join(parts) or "each value of the scope occurs in the period, but no finding has all of them"
    return f"no finding of the period is in its scope: {reason}"


def _describe(each: FilterValues) -> str:
    unknown = ", ".join(map(repr, each.unknown[:_VALUES_NAMED]))
    rest = f" and {each.known_total - _VALUES_NAMED:,} more" if each.known_total > _VALUES_NAMED else ""
    known = ", ".join(each.known[:_VALUES_NAMED])
    return f"{each.field} {unknown} is not in the period, known are {known}{rest}" if known else f"no {each.field}"


def _read(settings: Settings, scope: Scope, period: Period) -> NothingInScope | None:
    # The lake's libraries take 60 MB and a second to import; only orders with a filter need them here.
    from policycortex.storage.lake.lake import open_lake_if_any  # noqa: PLC0415
    from policycortex.workflow.scope_values import find_nothing  # noqa: PLC0415

    with open_lake_if_any(settings) as lake:
        if lake is None:
            return None
        if lake.state.has_unbuilt_imports(scope.organization, period.first_utc_date, period.last_utc_date):
            return None
        found = find_nothing(lake, scope, period)
    return found if found is not None and found.last_scan_on is not None else None
