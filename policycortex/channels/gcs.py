"""Google Cloud Storage: each file streamed to its object, its CRC32C proven by the service. Replacing is harmless."""

import base64
import json
from typing import Any, Final

import google_crc32c
import requests
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import ClientError, GoogleAPICallError, TooManyRequests
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud import storage
from google.oauth2 import service_account

from policycortex.channels.connections import GcsConnection, secret_of
from policycortex.channels.model import DeliveredFile, DeliveryContent, Destination, Receipt
from policycortex.channels.object_storage import digest_of, object_names
from policycortex.errors import ConfigurationError, DeliveryDeferredError, DeliveryRefusedError

_SCOPE: Final = "https://www.googleapis.com/auth/devstorage.read_write"
_PART_BYTES: Final = 8 << 20
_CHUNK: Final = 1 << 20
_TROUBLE: Final = (GoogleAPICallError, GoogleAuthError, requests.RequestException, OSError)


def send_to_gcs(connection: GcsConnection, destination: Destination, content: DeliveryContent) -> Receipt:
    """Put every file into the bucket. Raises Refused or Deferred."""
    bucket = _client(connection).bucket(connection.bucket)
    stored = []
    for name, file in object_names(destination, content).items():
        place = f"gs://{connection.bucket}/{name}"
        try:
            generation = _put(bucket, name, file, content, connection.timeout_seconds)
        except _TROUBLE as error:
            raise _judged(error, place) from error
        stored.append(f"{name} #{generation}")
    return Receipt(
        answer=f"{len(stored)} objects stored", reference=", ".join(stored), payload_sha256=digest_of(content)
    )


def check_gcs(connection: GcsConnection) -> str:
    """That the bucket can be asked. Raises as ``send_to_gcs``."""
    client, place = _client(connection), f"gs://{connection.bucket}"
    try:
        next(
            iter(client.list_blobs(connection.bucket, max_results=1, timeout=connection.timeout_seconds, retry=None)),
            None,
        )
    except _TROUBLE as error:
        raise _judged(error, place) from error
    return f"{place} answers"


def _put(bucket: Any, name: str, file: DeliveredFile, content: DeliveryContent, timeout: float) -> str:  # noqa: ANN401 - the library has no types
    blob = bucket.blob(name, chunk_size=_PART_BYTES)
    checksum = _crc32c(file)
    blob.crc32c = checksum
    blob.metadata = {"sha256": file.sha256, "delivery": content.delivery_id, "report": content.report_id}
    blob.upload_from_filename(
        str(file.path), content_type=file.media_type, checksum="crc32c", timeout=timeout, retry=None
    )
    if blob.crc32c != checksum or blob.size != file.size_bytes:
        raise DeliveryDeferredError(f"the service keeps other bytes of {name} than were sent")
    return str(blob.generation)


def _crc32c(file: DeliveredFile) -> str:
    checksum = google_crc32c.Checksum()
    with file.path.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            checksum.update(piece)
    return base64.b64encode(checksum.digest()).decode()


def _client(connection: GcsConnection) -> Any:  # noqa: ANN401 - the library has no types
    options = ClientOptions(api_endpoint=connection.endpoint) if connection.endpoint else None
    if connection.use_machine_identity:
        return storage.Client(client_options=options)
    if connection.service_account is None:
        credentials: Any = AnonymousCredentials()
        return storage.Client(project="none", credentials=credentials, client_options=options)
    try:
        key = json.loads(secret_of(connection.service_account))
        credentials = service_account.Credentials.from_service_account_info(key, scopes=[_SCOPE])
    except (ValueError, KeyError) as error:
        raise ConfigurationError(f"the connection's service_account is not a Google key file: {error}") from error
    return storage.Client(project=key.get("project_id"), credentials=credentials, client_options=options)


def _judged(error: Exception, place: str) -> DeliveryRefusedError | DeliveryDeferredError:
    said = " ".join(str(error).split())[:500]
    is_refusal = isinstance(error, ClientError) and not isinstance(error, TooManyRequests)
    is_refusal = is_refusal or (isinstance(error, GoogleAuthError) and not isinstance(error, TransportError))
    if is_refusal and getattr(error, "code", 0) != 408:
        return DeliveryRefusedError(f"{place} was refused: {said}")
    return DeliveryDeferredError(f"could not write {place}: {said}")
