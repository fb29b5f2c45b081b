"""The installation's key: encrypts secrets that must be stored, and derives a key for each purpose.

It has 32 bytes, in ``<home>/keys/installation.key`` (mode 0600, made on first use) or in the place that
``POLICYCORTEX_INSTALLATION_KEY`` names. The database alone is not enough to read or forge what the key protects.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from policycortex.errors import ConfigurationError, IntegrityError
from policycortex.security.secret_references import is_reference, read_secret
from policycortex.settings import Settings

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStore:
    """The loaded key. Its repr does not show it."""

    key: bytes

    def __repr__(self) -> str:
        return "KeyStore()"

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose; a derived key reveals neither another one nor the installation's key."""
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"policycortex/{purpose}".encode()).derive(
            self.key
        )

    def audit_key(self, organization: str) -> bytes:
        """The key of an organisation's audit log, which seals its records."""
        return self.derive(f"trail/{organization}")  # existing seals were made with this purpose

    def seal(self, text: str, *, purpose: str) -> str:
        """Encrypt with AES-256-GCM, as text; ``unseal`` needs the same purpose."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(self.derive("seal")).encrypt(nonce, text.encode(), purpose.encode())
        return base64.urlsafe_b64encode(nonce + sealed).decode()

    def unseal(self, sealed: str, *, purpose: str) -> str:
        """Decrypt a text of ``seal``. Raises IntegrityError for another key, another purpose, or a changed text."""
        try:
            raw = base64.urlsafe_b64decode(sealed)
            opened = AESGCM(self.derive("seal")).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], purpose.encode())
        except (InvalidTag, ValueError, binascii.Error):
            raise IntegrityError(
                f"the value encrypted for {purpose} cannot be decrypted: the installation's key has changed;"
                " restore the old key, or request the report again"
            ) from None
        return opened.decode()

    def fingerprint(self, content: bytes) -> str:
        """A keyed digest (HMAC-SHA256), for content that may contain a password."""
        return hmac.new(self.derive("fingerprint"), content, hashlib.sha256).hexdigest()


def open_key_store(settings: Settings) -> KeyStore:
    """Load the installation's key, or make it. Raises ConfigurationError when it is invalid or unreadable."""
    if settings.installation_key is not None:
        if not is_reference(settings.installation_key):
            raise ConfigurationError(
                "POLICYCORTEX_INSTALLATION_KEY must be env:NAME or file:PATH, never the key itself"
            )
        return KeyStore(key=_parsed(read_secret(settings.installation_key), "POLICYCORTEX_INSTALLATION_KEY"))
    path = settings.home / "keys" / "installation.key"
    try:
        if not path.exists():
            _make(path)
        return KeyStore(key=_parsed(path.read_text(encoding="ascii"), str(path)))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read the installation's key {path}: {error}") from error


def make_private_folder(folder: Path) -> None:
    """Make a folder, and its missing parents, that only the owner can read."""
    for parent in reversed([folder, *folder.parents]):
        if not parent.exists():
            parent.mkdir(mode=0o700, exist_ok=True)


def write_private_file(path: Path, content: bytes) -> bool:
    """Write a file of mode 0600 unless it exists; complete or not at all. Returns False when it exists."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)  # unlike a rename it never replaces
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    return True


def _make(path: Path) -> None:
    make_private_folder(path.parent)
    write_private_file(path, base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")


def _parsed(text: str, source: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigurationError(
            f"{source} must hold {KEY_BYTES} bytes in base64; make one with: openssl rand -base64 32"
        )
    return key
