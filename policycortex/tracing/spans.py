"""Spans that are sent where a collector is configured. Without one each call does nothing, and nothing is imported."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Final, Protocol

from policycortex.errors import ConfigurationError
from policycortex.settings import Settings, variable_of

Attributes = Mapping[str, str | int | float | bool]
"""Facts of a span. No organisation, no name that people gave, no path: a collector is read by many."""

_NO_ATTRIBUTES: Final[Attributes] = {}


class TraceSpan(Protocol):
    """One piece of work with its time."""

    def rename(self, name: str) -> None:
        """Give it the name that is known only at its end."""
        ...

    def note(self, attributes: Attributes) -> None:
        """Add facts."""
        ...

    def fail(self, reason: str) -> None:
        """Mark it as failed. ``reason`` is a code or the name of a type, never a message, which may quote a secret."""
        ...

    def end(self) -> None:
        """End a span of ``begin``."""
        ...


class Tracing(Protocol):
    """Makes spans. Safe to share between threads."""

    def span(
        self, name: str, attributes: Attributes = _NO_ATTRIBUTES, *, parent: str | None = None
    ) -> AbstractContextManager[TraceSpan]:
        """A span of the code within, which an error marks as failed.

        ``parent`` is a ``context`` of another process; None, or one that cannot be read: the span around this call.
        """
        ...

    def begin(self, name: str, attributes: Attributes = _NO_ATTRIBUTES) -> TraceSpan:
        """A span below the one around this call that ``end`` ends; nothing is below it."""
        ...

    def context(self) -> str | None:
        """The span around this call as a W3C ``traceparent``; None where there is none."""
        ...

    def flush(self) -> None:
        """Send what has ended; waits a few seconds at most, and raises nothing if the collector is away."""
        ...


class _NoSpan:
    """Nothing."""

    def rename(self, name: str) -> None:
        del name

    def note(self, attributes: Attributes) -> None:
        del attributes

    def fail(self, reason: str) -> None:
        del reason

    def end(self) -> None:
        return


class _NoTracing:
    """Makes no spans."""

    def span(
        self, name: str, attributes: Attributes = _NO_ATTRIBUTES, *, parent: str | None = None
    ) -> AbstractContextManager[TraceSpan]:
        del name, attributes, parent
        return _NOTHING

    def begin(self, name: str, attributes: Attributes = _NO_ATTRIBUTES) -> TraceSpan:
        del name, attributes
        return _NO_SPAN

    def context(self) -> str | None:
        return None

    def flush(self) -> None:
        return


_NO_SPAN: Final = _NoSpan()
_NOTHING: Final = nullcontext(_NO_SPAN)
NO_TRACING: Final[Tracing] = _NoTracing()
"""Makes no spans."""


def tracing_of(settings: Settings) -> Tracing:
    """What makes the spans of this process. Raises ConfigurationError if the extra ``tracing`` is missing."""
    return NO_TRACING if settings.traces_url is None else _sender(settings.traces_url)


def import_sender(settings: Settings) -> None:
    """Import the libraries that ``tracing_of`` needs, and start nothing. Raises as it does."""
    if settings.traces_url is not None:
        _sender_class()


@lru_cache(maxsize=4)
def _sender(url: str) -> Tracing:
    """One for a process: it has a thread that sends."""
    return _sender_class()(url)


def _sender_class() -> Callable[[str], Tracing]:
    try:
        from policycortex.tracing.otlp import OtlpTracing  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        variable = variable_of("traces_url")
        message = f"{variable} needs the extra tracing: pip install policycortex-reports[tracing] ({error.name})"
        raise ConfigurationError(message) from error
    return OtlpTracing
