"""S3 and Azure Blob: each file under the name its pattern gives, streamed, with its checksum. Replacing is harmless."""

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import AzureStore, S3Store

from policycortex.channels.connections import AzureBlobConnection, S3Connection, secret_of
from policycortex.channels.model import DeliveredFile, DeliveryContent, Destination, Receipt
from policycortex.channels.patterns import fill_object_name
from policycortex.errors import ConfigurationError, DeliveryDeferredError, DeliveryRefusedError

DEFAULT_NAME: Final = "{{name}}/{{date}}/{{name}} {{period}}"
_PART_BYTES: Final = 8 << 20
_PERMANENT_WORDS: Final = (
    "NoSuchBucket",
    "ContainerNotFound",
    "AccessDenied",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "AuthenticationFailed",
    "401 Unauthorized",
    "403 Forbidden",
)

Store = S3Store | AzureStore


def send_to_s3(connection: S3Connection, destination: Destination, content: DeliveryContent) -> Receipt:
    """Put every file into the bucket; S3 itself verifies the SHA-256 of what arrives. Raises Refused or Deferred."""
    return _put_all(_s3(connection), f"s3://{connection.bucket}", destination, content)


def send_to_azure(connection: AzureBlobConnection, destination: Destination, content: DeliveryContent) -> Receipt:
    """Put every file into the container. Raises Refused or Deferred."""
    return _put_all(_azure(connection), f"azure://{connection.account}/{connection.container}", destination, content)


def check_s3(connection: S3Connection) -> str:
    """That the bucket can be asked. Raises as ``send_to_s3``."""
    return _check(_s3(connection), f"s3://{connection.bucket}")


def check_azure(connection: AzureBlobConnection) -> str:
    """That the container can be asked. Raises as ``send_to_azure``."""
    return _check(_azure(connection), f"azure://{connection.account}/{connection.container}")


def object_names(destination: Destination, content: DeliveryContent) -> dict[str, DeliveredFile]:
    """Name in the store to file; the format's extension is added to the pattern."""
    stem = fill_object_name(destination.target or DEFAULT_NAME, content)
    return {f"{stem}.{file.extension}": file for file in content.files}


def digest_of(content: DeliveryContent) -> str:
    """One digest for several files: SHA-256 over their digests in order."""
    return hashlib.sha256("".join(file.sha256 for file in content.files).encode()).hexdigest()


def _put_all(store: Store, place: str, destination: Destination, content: DeliveryContent) -> Receipt:
    tags = []
    for name, file in object_names(destination, content).items():
        attributes = {
            "Content-Type": file.media_type,
            "sha256": file.sha256,
            "delivery": content.delivery_id,
            "report": content.report_id,
        }
        try:
            answer = obstore.put(
                store, name, file.path, attributes=attributes, chunk_size=_PART_BYTES, max_concurrency=2
            )
        except (BaseError, OSError) as error:
            raise _judged(error, f"{place}/{name}") from error
        tags.append(f"{name} {answer.get('e_tag') or ''}".strip())
    return Receipt(answer=f"{len(tags)} objects stored", reference=", ".join(tags), payload_sha256=digest_of(content))


def _check(store: Store, place: str) -> str:
    try:
        obstore.list_with_delimiter(store, prefix="policycortex-connection-test")
    except (BaseError, OSError) as error:
        raise _judged(error, place) from error
    return f"{place} answers"


def _judged(error: Exception, place: str) -> DeliveryRefusedError | DeliveryDeferredError:
    said = " ".join(str(error).split("Debug source")[0].split())[:500]
    is_refusal = isinstance(error, PermissionDeniedError | UnauthenticatedError | FileNotFoundError)
    if is_refusal or any(word in said for word in _PERMANENT_WORDS):
        return DeliveryRefusedError(f"{place} was refused: {said}")
    return DeliveryDeferredError(f"could not write {place}: {said}")


def _s3(connection: S3Connection) -> S3Store:
    options: dict[str, Any] = {"region": connection.region, "checksum_algorithm": "sha256"}
    if connection.endpoint:
        options |= {"endpoint": connection.endpoint, "virtual_hosted_style_request": False}
    if not connection.use_machine_identity:
        options["access_key_id"] = secret_of(connection.access_key_id)
        options["secret_access_key"] = secret_of(connection.secret_access_key)
    return S3Store(connection.bucket, **options, **_manners(connection))


def _azure(connection: AzureBlobConnection) -> AzureStore:
    options: dict[str, Any] = {"account_name": connection.account}
    if connection.endpoint:
        options["endpoint"] = connection.endpoint
    if connection.access_key:
        options["access_key"] = secret_of(connection.access_key)
    if connection.sas_token:
        options["sas_key"] = secret_of(connection.sas_token)
    return AzureStore(connection.container, **options, **_manners(connection))


def _manners(connection: S3Connection | AzureBlobConnection) -> dict[str, Any]:
    """Time limits; the ledger tries again, so the library does so only once."""
    client: dict[str, Any] = {
        "timeout": timedelta(seconds=connection.timeout_seconds * 20),  # of one part of 8 MB, on a slow line
        "connect_timeout": timedelta(seconds=connection.timeout_seconds),
        "allow_http": bool(connection.endpoint and connection.endpoint.startswith("http://")),
    }
    if connection.ca_file:
        client["root_certificate"] = _certificate(connection.ca_file)
    retry = {"max_retries": 1, "retry_timeout": timedelta(seconds=connection.timeout_seconds)}
    return {"client_options": client, "retry_config": retry}


def _certificate(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read the certificates in {path}: {error.strerror}") from error
