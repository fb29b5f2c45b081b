"""References to secrets, as connections hold them: ``env:NAME`` and ``file:PATH``. Read when used."""

import re
from pathlib import Path
from typing import Final

from policycortex.errors import ConfigurationError
from policycortex.settings import environment_value

_REFERENCE: Final = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:.+", re.DOTALL)
_LONGEST: Final = 64 * 1024


def is_reference(text: str) -> bool:
    """Whether the text names a secret, and is not one itself."""
    return _REFERENCE.fullmatch(text) is not None


def read_secret(reference: str) -> str:
    """The secret, without a final line break. Raises ConfigurationError that names the reference, never the secret."""
    kind, _, place = reference.partition(":")
    if kind == "env":
        value = environment_value(place)
        if not value:
            raise ConfigurationError(f"the environment has no {place}, which a connection names as its secret")
        return value
    try:
        text = Path(place).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read the secret file {place}: {error}") from error
    if not text.strip() or len(text) > _LONGEST:
        raise ConfigurationError(f"the secret file {place} is empty or too large")
    return text.rstrip("\r\n")
