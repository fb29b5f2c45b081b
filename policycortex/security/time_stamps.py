"""A time-stamp authority over HTTP, whose every kind of trouble is one error. Loads pyHanko: import it late."""

from asn1crypto import cms
from pyhanko.sign.timestamps import TimestampRequestError
from pyhanko.sign.timestamps.requests_client import HTTPTimeStamper


class Authority(HTTPTimeStamper):
    """Raises TimestampRequestError for an answer that cannot be read, too."""

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """The stamp over that digest."""
        try:
            return await super().async_timestamp(message_digest, md_algorithm)
        except (ValueError, TypeError, KeyError) as error:
            raise TimestampRequestError(f"its answer is no time stamp: {error}") from error
