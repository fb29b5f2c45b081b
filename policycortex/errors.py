"""The tree of errors, and nothing else: no logging, no HTTP, no Dagster.

    PolicyCortexError            code, is_retryable, details
    ├── InputError               a file or record that cannot be read; permanent
    │   └── TruncatedFileError   a file that ends before its content does: nothing of it may be kept
    ├── RequestError             RPT_001: what was asked for is not valid; details name the fields
    ├── NotFoundError            RPT_002: no such thing for this organisation, or no longer
    ├── ConflictError            RPT_003: the thing is not in a state that allows it
    ├── ConfigurationError       settings, framework files or templates that must be mended by hand
    ├── RenderingError           a document that could not become bytes; permanent
    ├── IntegrityError           stored bytes or counts that do not agree with their record; permanent
    ├── DeliveryRefusedError     a destination said no for good; permanent
    ├── DeliveryUncertainError   handed over, but no answer came: perhaps delivered, so never repeated by itself
    └── UnavailableError         a part that may be back soon; the only retryable branch
        ├── StoreBusyError       lake or registry held by another writer past its patience
        └── DeliveryDeferredError   a destination that did not take it now; it has nothing of it

Errors are raised where the cause is known and translated in two places: ``pipelines.failures`` and
``api.platform.errors``.
A message says what was attempted, the value, and what to do.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a request: ``field`` is a dotted path, ``message`` is plain language."""

    field: str
    message: str


class PolicyCortexError(Exception):
    """Root of all errors this product raises on purpose."""

    code: ClassVar[str] = "RPT_500"
    is_retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, details: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.details = details


class InputError(PolicyCortexError):
    """A file, folder or record cannot be read as findings."""

    code = "RPT_010"


class TruncatedFileError(InputError):
    """A file was cut: raised at its end, after all records before the cut, so that an import can roll back."""


class RequestError(PolicyCortexError):
    """A request is not valid; ``details`` lists every problem at once."""

    code = "RPT_001"


class NotFoundError(PolicyCortexError):
    """No such thing in this organisation, or it has expired."""

    code = "RPT_002"


class ConflictError(PolicyCortexError):
    """The thing exists, but its state does not allow what was asked."""

    code = "RPT_003"


class ConfigurationError(PolicyCortexError):
    """A setting, framework file, template or connection must be mended by hand."""

    code = "RPT_011"


class RenderingError(PolicyCortexError):
    """A document could not be turned into the bytes of a format."""

    code = "RPT_012"


class IntegrityError(PolicyCortexError):
    """What is stored does not agree with what was recorded about it."""

    code = "RPT_013"


class DeliveryRefusedError(PolicyCortexError):
    """A destination, or its connection's settings, will not take this however often it is sent."""

    code = "RPT_020"


class DeliveryUncertainError(PolicyCortexError):
    """Everything was handed over and the answer is missing; only a person may send it again."""

    code = "RPT_021"


class UnavailableError(PolicyCortexError):
    """A part of the system does not answer now; the same call may work later."""

    code = "RPT_503"
    is_retryable = True


class StoreBusyError(UnavailableError):
    """The lake or the registry stayed locked by another writer."""


class DeliveryDeferredError(UnavailableError):
    """A destination did not take it now; ``retry_after_seconds`` is its own word, None when it said none.

    ``is_reached`` is False where nobody was there to say anything: no address, no connection, silence, a dropped line.
    """

    def __init__(self, message: str, *, retry_after_seconds: float | None = None, is_reached: bool = True) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        self.is_reached = is_reached
