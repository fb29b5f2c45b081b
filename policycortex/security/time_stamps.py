"""A time-stamp authority over HTTP with one error for all failures. Imports pyHanko, so import it late."""

from asn1crypto import cms
from pyhanko.sign.timestamps import TimestampRequestError
from pyhanko.sign.timestamps.requests_client import HTTPTimeStamper


class Authority(HTTPTimeStamper):
    """Raises TimestampRequestError also for an unreadable response."""

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """The time stamp of the digest."""
        try:
            return await super().async_timestamp(message_digest, md_algorithm)
        except (ValueError, TypeError, KeyError) as error:
            raise TimestampRequestError(f"its response is not a time stamp: {error}") from error
