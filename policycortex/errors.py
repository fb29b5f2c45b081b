"""The tree of errors. No logging, no HTTP, no Dagster.

    PolicyCortexError            code, is_retryable, details
    ├── InputError               a file or record that cannot be read; permanent
    │   └── TruncatedFileError   a file that ends too early: nothing of it may be stored
    ├── RequestError             RPT_001: an invalid request; details name the fields
    ├── NotFoundError            RPT_002: no such object in this organisation, or not any more
    ├── ConflictError            RPT_003: the object's state does not allow it
    ├── ConfigurationError       settings, framework files or templates that a person must correct
    ├── RenderingError           a document that could not be rendered; permanent
    ├── DataNotKeptError         RPT_023: data of an earlier time that is not kept any more; permanent
    ├── IntegrityError           stored bytes or counts that differ from their record; permanent
    ├── DeliveryRefusedError     a destination refused it; permanent
    ├── DeliveryUncertainError   sent without a response: perhaps delivered, so never repeated automatically
    └── UnavailableError         a part that does not answer now; the only retryable branch
        ├── StoreBusyError       lake or registry locked by another writer for too long
        └── DeliveryDeferredError   a destination that did not accept it now; it has received nothing

Errors are raised where the cause is known, and translated in two places: ``pipelines.failures`` and
``api.platform.errors``.
A message states what was attempted, the value, and what to do.
"""

from dataclasses import dataclass
from typing import ClassVar, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault of a request: ``field`` is a dotted path, ``message`` is for people."""

    field: str
    message: str


class PolicyCortexError(Exception):
    """Root of all errors that this product raises."""

    code: ClassVar[str] = "RPT_500"
    is_retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, details: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.details = details


class InputError(PolicyCortexError):
    """A file, folder or record cannot be read as findings."""

    code = "RPT_010"


class TruncatedFileError(InputError):
    """A truncated file: raised after all records before its end, so that an import can roll back."""


class RequestError(PolicyCortexError):
    """An invalid request; ``details`` lists every problem."""

    code = "RPT_001"


class NotFoundError(PolicyCortexError):
    """No such object in this organisation, or it has expired."""

    code = "RPT_002"


class ConflictError(PolicyCortexError):
    """The object exists, but its state does not allow the action."""

    code = "RPT_003"


class ConfigurationError(PolicyCortexError):
    """A setting, framework file, template or connection must be corrected by a person."""

    code = "RPT_011"


class RenderingError(PolicyCortexError):
    """A document could not be rendered to a format."""

    code = "RPT_012"


class DataNotKeptError(PolicyCortexError):
    """The data of an earlier time, or the framework of that time, is not kept; a newer report can be made."""

    code = "RPT_023"


class IntegrityError(PolicyCortexError):
    """Stored data differs from its record."""

    code = "RPT_013"


class DeliveryRefusedError(PolicyCortexError):
    """A destination, or its connection's settings, refuses this permanently."""

    code = "RPT_020"


class DeliveryUncertainError(PolicyCortexError):
    """Everything was sent and the response is missing; only a person may send it again."""

    code = "RPT_021"


class UnavailableError(PolicyCortexError):
    """A part of the system does not answer now; the same call may work later."""

    code = "RPT_503"
    is_retryable = True


class StoreBusyError(UnavailableError):
    """The lake or the registry stayed locked by another writer."""


class DeliveryDeferredError(UnavailableError):
    """A destination did not accept it now; ``retry_after_seconds`` is its own value, or None.

    ``is_reached`` is False when the server did not respond: no address, no connection, a timeout, a lost connection.
    """

    def __init__(self, message: str, *, retry_after_seconds: float | None = None, is_reached: bool = True) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        self.is_reached = is_reached


UNEXPECTED_ERRORS: Final = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""Programming errors, ours or a library's, for example when an answer ends in the middle. A delivery that meets one is
still settled, and other deliveries go on."""
