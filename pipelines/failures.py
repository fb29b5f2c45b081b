"""Core errors become Dagster failures here, and nowhere else in this front.

Permanent errors end the run at once; only what the core calls retryable is tried again by RETRY_TRANSIENT. Anything
unforeseen is permanent too: running a bug again costs the user time and tells nothing new.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import dagster as dg

from pipelines.resources import CoreResource
from policycortex.errors import PolicyCortexError

RETRY_TRANSIENT: Final = dg.RetryPolicy(max_retries=3, delay=2, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.FULL)
"""At most 3 more attempts within 14 seconds: a locked lake frees itself in that time, or a person must look."""

INTERRUPTED: Final = "Interrupted: the run was canceled, or its process was asked to end."


@contextmanager
def core_errors_as_failures(core: CoreResource) -> Iterator[None]:
    """Translate whatever the core raises into ``dg.Failure``: this front's outer edge."""
    try:
        yield
    except dg.Failure:
        raise
    except PolicyCortexError as error:
        raise as_failure(error, may_retry=core.is_retrying) from error
    except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError) as interrupt:
        # Left alone, Dagster would try an interrupted asset again and a canceled run would go on.
        raise dg.Failure(description=INTERRUPTED, allow_retries=False) from interrupt
    except Exception as error:
        told = f"Not foreseen, so not tried again: {type(error).__name__}: {error}"
        raise dg.Failure(description=told, allow_retries=False) from error


def as_failure(error: PolicyCortexError, *, may_retry: bool = True) -> dg.Failure:
    """The failure as the UI shows it: message, code, every detail, and whether a retry can help."""
    metadata: dict[str, dg.MetadataValue[Any]] = {
        "code": dg.MetadataValue.text(error.code),
        "retryable": dg.MetadataValue.bool(error.is_retryable),
    }
    if error.details:
        lines = "\n".join(f"- `{problem.field}`: {problem.message}" for problem in error.details)
        metadata["details"] = dg.MetadataValue.md(lines)
    return dg.Failure(description=str(error), metadata=metadata, allow_retries=error.is_retryable and may_retry)


def is_last_attempt(failure: dg.Failure, retry_number: int) -> bool:
    """True where no further attempt of the same asset follows this failure."""
    return not failure.allow_retries or retry_number >= RETRY_TRANSIENT.max_retries
