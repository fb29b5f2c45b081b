"""Opens object stores by URL.

Endpoint, region and credentials are the providers' own variables (``AWS_*``, ``AZURE_*``, ``GOOGLE_*``), or the
machine's identity. URLs contain no secrets.
"""

from typing import Any, Final
from urllib.parse import urlsplit

from obstore.store import ObjectStore, from_url

from policycortex.errors import ConfigurationError
from policycortex.settings import environment_value

SCHEMES: Final = ("s3", "gs", "az", "abfs", "abfss")


def is_object_url(location: str) -> bool:
    """Whether it is a URL of an object store, not a path."""
    return location.partition("://")[0] in SCHEMES and "://" in location


def split_object_url(url: str) -> tuple[str, str]:
    """``s3://bucket`` and the key below it. Raises ConfigurationError when it is invalid or contains a secret."""
    parts = urlsplit(url, allow_fragments=False)
    is_account = parts.scheme in ("abfs", "abfss")  # abfs://container@account.dfs.core.windows.net/prefix
    if parts.scheme not in SCHEMES or not parts.netloc or parts.password or (parts.username and not is_account):
        raise ConfigurationError(
            "an object-store URL must be like s3://bucket/prefix, gs://bucket/prefix or abfs://container/prefix; "
            "credentials come from AWS_*, GOOGLE_* or AZURE_*"
        )
    return f"{parts.scheme}://{parts.netloc}", url.partition("://")[2].partition("/")[2]


def open_store(root: str) -> ObjectStore:
    """Open the store of a URL such as ``s3://bucket``. This sends no request."""
    if root.startswith("s3://"):
        return from_url(root, **_s3_options())
    allows_http = any(
        (environment_value(name) or "").startswith("http://") for name in ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT")
    )
    return from_url(root, client_options={"allow_http": allows_http or bool(environment_value("GOOGLE_BASE_URL"))})


def s3_endpoint() -> str | None:
    """URL of an S3 store that is not Amazon's; None for Amazon's."""
    return environment_value("AWS_ENDPOINT_URL_S3") or environment_value("AWS_ENDPOINT_URL") or None


def s3_region() -> str:
    """The region; ``us-east-1`` by default, which other stores ignore and Amazon corrects."""
    return environment_value("AWS_REGION") or environment_value("AWS_DEFAULT_REGION") or "us-east-1"


def _s3_options() -> dict[str, Any]:
    endpoint = s3_endpoint()
    if endpoint is None:
        return {"region": s3_region()}
    return {
        "region": s3_region(),
        "endpoint": endpoint,
        "virtual_hosted_style_request": False,
        "client_options": {"allow_http": endpoint.startswith("http://")},
    }
