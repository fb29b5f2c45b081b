"""Translates core errors to Dagster failures. This is the only place of the Dagster front that does.

Permanent errors end the run at once; RETRY_TRANSIENT retries only errors that the core calls retryable. An unexpected
error is permanent, too: repeating a bug costs time and gives no new information.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import dagster as dg

from pipelines.resources import CoreResource
from policycortex.errors import PolicyCortexError

RETRY_TRANSIENT: Final = dg.RetryPolicy(max_retries=3, delay=2, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.FULL)
"""At most 3 more attempts within 14 seconds. A lake that is locked longer needs a person."""

_INTERRUPTS: Final = (KeyboardInterrupt, dg.DagsterExecutionInterruptedError)

INTERRUPTED: Final = "Interrupted: the run was canceled, or its process received a signal to end."


@contextmanager
def core_errors_as_failures(core: CoreResource) -> Iterator[None]:
    """Translate every error of the core to ``dg.Failure``."""
    try:
        yield
    except dg.Failure:
        raise
    except PolicyCortexError as error:
        raise as_failure(error, may_retry=core.is_retrying) from error
    except _INTERRUPTS as interrupt:
        # Without this, Dagster would retry an interrupted asset, and a canceled run would continue.
        raise dg.Failure(description=INTERRUPTED, allow_retries=False) from interrupt
    except Exception as error:
        if isinstance(error.__context__, _INTERRUPTS):  # DuckDB raises a RuntimeError of its own in a query
            raise dg.Failure(description=INTERRUPTED, allow_retries=False) from error.__context__
        message = f"Unexpected error, so not retried: {type(error).__name__}: {error}"
        raise dg.Failure(description=message, allow_retries=False) from error


def as_failure(error: PolicyCortexError, *, may_retry: bool = True) -> dg.Failure:
    """The failure for the UI: message, code, all details, and whether a retry can help."""
    metadata: dict[str, dg.MetadataValue[Any]] = {
        "code": dg.MetadataValue.text(error.code),
        "retryable": dg.MetadataValue.bool(error.is_retryable),
    }
    if error.details:
        lines = "\n".join(f"- `{problem.field}`: {problem.message}" for problem in error.details)
        metadata["details"] = dg.MetadataValue.md(lines)
    return dg.Failure(description=str(error), metadata=metadata, allow_retries=error.is_retryable and may_retry)


def is_last_attempt(failure: dg.Failure, retry_number: int) -> bool:
    """Whether no further attempt of the asset follows this failure."""
    return not failure.allow_retries or retry_number >= RETRY_TRANSIENT.max_retries
