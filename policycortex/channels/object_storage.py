"""What S3 and Azure Blob share: each file under the name its pattern gives, streamed, with its checksum.

A file that is sent again replaces itself, so every failed attempt can be repeated.
"""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import AzureStore, S3Store

from policycortex.channels.http_client import NEVER_ACCEPTED
from policycortex.channels.model import DeliveredFile, DeliveryContent, Destination, Receipt
from policycortex.channels.patterns import default_object_name, fill_object_name
from policycortex.channels.time_limit import exchange_seconds, remaining_seconds
from policycortex.errors import ConfigurationError, DeliveryDeferredError, DeliveryRefusedError

DEFAULT_NAME: Final = "{{name}}/{{date}}/{{name}} {{period}}"
_PART_BYTES: Final = 8 << 20
_PERMANENT_ERRORS: Final = (
    "NoSuchBucket",
    "ContainerNotFound",
    "AccessDenied",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "AuthenticationFailed",
    "401 Unauthorized",
    "403 Forbidden",
)

_STATUS: Final = re.compile(r"status code: (\d{3})")
_TRY_LATER: Final = frozenset({408, 409, 423, 425, 429})
_PASSING_ERRORS: Final = ("RequestTimeout", "ExpiredToken")
"""Named by S3 with status 400."""
_WRONG_REGION: Final = "incorrectly configured region"

_SILENCE_SECONDS: Final = 600.0
"""Only for calls outside of a delivery; a delivery has the limit of its connection."""

Store = S3Store | AzureStore
_Result = TypeVar("_Result")


def put_files(store: Store, url: str, destination: Destination, content: DeliveryContent) -> Receipt:
    """Put every file into the store, which messages name by ``url``. Raises as ``Channel.send``."""
    tags = []
    for name, file in object_names(destination, content).items():
        attributes = {
            "Content-Type": file.media_type,
            "sha256": file.sha256,
            "delivery": content.delivery_id,
            "report": content.report_id,
        }
        try:
            answer = _within(
                exchange_seconds(_SILENCE_SECONDS, file.size_bytes),
                partial(
                    obstore.put_async,
                    store,
                    name,
                    file.path,
                    attributes=attributes,
                    chunk_size=_PART_BYTES,
                    max_concurrency=2,
                ),
            )
        except (BaseError, OSError) as error:
            raise _error_of(error, f"{url}/{name}") from error
        tags.append(f"{name} {answer.get('e_tag') or ''}".strip())
    return stored_receipt(tags, content)


def check_store(store: Store, url: str) -> str:
    """List a folder that need not exist. Raises as ``put_files``."""
    try:
        seconds = exchange_seconds(_SILENCE_SECONDS, 0)
        _within(seconds, partial(obstore.list_with_delimiter_async, store, prefix="policycortex-connection-test"))
    except (BaseError, OSError) as error:
        raise _error_of(error, url) from error
    return f"{url} answers"


def client_options(*, timeout_seconds: float, endpoint: str | None, ca_file: str | None) -> dict[str, Any]:
    """Time limits and certificates. The outbox retries, so the library retries once only."""
    client: dict[str, Any] = {
        "timeout": timedelta(seconds=timeout_seconds * 20),  # of one part of 8 MB over a slow network
        "connect_timeout": timedelta(seconds=timeout_seconds),
        "allow_http": bool(endpoint and endpoint.startswith("http://")),
    }
    if ca_file:
        client["root_certificate"] = _certificate(ca_file)
    retry = {"max_retries": 1, "retry_timeout": timedelta(seconds=timeout_seconds)}
    return {"client_options": client, "retry_config": retry}


def object_names(destination: Destination, content: DeliveryContent) -> dict[str, DeliveredFile]:
    """Object name to file; the format's extension is added to the pattern."""
    stem = fill_object_name(destination.target or default_object_name(DEFAULT_NAME, content), content)
    return {f"{stem}.{file.extension}": file for file in content.files}


def stored_receipt(objects: list[str], content: DeliveryContent) -> Receipt:
    """The receipt for stored objects; its digest is SHA-256 over the files' digests in order."""
    digests = "".join(file.sha256 for file in content.files)
    return Receipt(
        answer=f"{len(objects)} objects stored",
        reference=", ".join(objects),
        payload_sha256=hashlib.sha256(digests.encode()).hexdigest(),
    )


def _within(seconds: float, call: Callable[[], Awaitable[_Result]]) -> _Result:
    """The result of the call, which is cancelled at the end of the running exchange. Raises TimeoutError then."""

    async def limited() -> _Result:
        try:
            return await asyncio.wait_for(call(), remaining_seconds(seconds))
        except TimeoutError:
            raise TimeoutError("the service did not end its answer in time") from None

    return asyncio.run(limited())


def _error_of(error: Exception, url: str) -> DeliveryRefusedError | DeliveryDeferredError:
    reason = " ".join(str(error).split("Debug source")[0].split())[:500]
    is_permanent = isinstance(error, PermissionDeniedError | UnauthenticatedError | FileNotFoundError)
    if is_permanent or _is_refusal(reason) or any(name in reason for name in _PERMANENT_ERRORS):
        return DeliveryRefusedError(f"{url} was refused: {reason}")
    return DeliveryDeferredError(f"could not write {url}: {reason}")


def _is_refusal(reason: str) -> bool:
    """Whether the service answered that it will not take the request, however often it is repeated."""
    status = int(found[1]) if (found := _STATUS.search(reason)) is not None else 0
    is_passing = status in _TRY_LATER or any(name in reason for name in _PASSING_ERRORS)
    return _WRONG_REGION in reason or (not is_passing and (400 <= status < 500 or status in NEVER_ACCEPTED))


def _certificate(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read the certificates in {path}: {error.strerror}") from error
