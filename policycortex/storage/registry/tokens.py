"""The format of API keys and link tokens: random text with a checksum. Only a digest of it is stored.

A key is ``sk_live_`` or ``sk_test_``, 32 characters of base62 (190 bits) and 6 of base62 that hold their CRC32: a
mistyped or invented key is recognised without a query, and scanners find leaked keys.
"""

import hashlib
import secrets
import string
import zlib
from typing import Final

_BASE62: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_LENGTH: Final = 32
_CHECK_LENGTH: Final = 6  # 62**6 > 2**32

LIVE_PREFIX: Final = "sk_live_"
SANDBOX_PREFIX: Final = "sk_test_"
LINK_PREFIX: Final = "dl_"


def make_token(prefix: str) -> str:
    """A new secret."""
    body = "".join(secrets.choice(_BASE62) for _ in range(_RANDOM_LENGTH))
    return f"{prefix}{body}{_checksum(prefix + body)}"


def is_well_formed(token: str, prefixes: tuple[str, ...]) -> bool:
    """Whether prefix, length, characters and checksum are right; it may still be unknown."""
    prefix = next((p for p in prefixes if token.startswith(p)), None)
    if prefix is None or len(token) != len(prefix) + _RANDOM_LENGTH + _CHECK_LENGTH or not token.isascii():
        return False
    return secrets.compare_digest(_checksum(token[:-_CHECK_LENGTH]), token[-_CHECK_LENGTH:])


def digest_token(token: str) -> str:
    """SHA-256 in hex: enough for 190 random bits, where a password would need a slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def _checksum(text: str) -> str:
    number, digits = zlib.crc32(text.encode()), []
    for _ in range(_CHECK_LENGTH):
        number, digit = divmod(number, 62)
        digits.append(_BASE62[digit])
    return "".join(reversed(digits))
