"""The installation's own key: seals what must be kept for a while, and derives a key for each purpose.

One secret of 32 bytes, ``<home>/keys/installation.key`` (mode 0600, made on first use) or where
``POLICYCORTEX_INSTALLATION_KEY`` says. Whoever has the database alone can neither read nor forge what it guards.
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
    """The key at work. Never printed: its repr shows nothing of it."""

    key: bytes

    def __repr__(self) -> str:
        return "Vault()"

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose; none of them tells anything of another, or of the key."""
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"policycortex/{purpose}".encode()).derive(
            self.key
        )

    def seal(self, text: str, *, purpose: str) -> str:
        """AES-256-GCM, as text; opens only for the same purpose."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(self.derive("seal")).encrypt(nonce, text.encode(), purpose.encode())
        return base64.urlsafe_b64encode(nonce + sealed).decode()

    def unseal(self, sealed: str, *, purpose: str) -> str:
        """What ``seal`` was given. Raises IntegrityError for another key, another purpose, or a changed text."""
        try:
            raw = base64.urlsafe_b64decode(sealed)
            opened = AESGCM(self.derive("seal")).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], purpose.encode())
        except (InvalidTag, ValueError, binascii.Error):
            raise IntegrityError(
                f"what was sealed for {purpose} cannot be opened: the installation's key is another one by now;"
                " bring the old key back, or order the report again"
            ) from None
        return opened.decode()

    def fingerprint(self, content: bytes) -> str:
        """A digest that cannot be guessed at without the key, for content that may hold a password."""
        return hmac.new(self.derive("fingerprint"), content, hashlib.sha256).hexdigest()


def open_key_store(settings: Settings) -> KeyStore:
    """The installation's key, made if there is none. Raises ConfigurationError on a bad or unreadable one."""
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
    """A folder for its owner alone, its missing parents too."""
    for parent in reversed([folder, *folder.parents]):
        if not parent.exists():
            parent.mkdir(mode=0o700, exist_ok=True)


def write_private_file(path: Path, content: bytes) -> bool:
    """Write a file of mode 0600 unless one is there; False when another process was first. Whole or not at all."""
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
