"""References to secrets in configuration: ``env:NAME`` and ``file:PATH``. They are read when used."""

import re
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator

from policycortex.errors import ConfigurationError
from policycortex.settings import environment_value

_REFERENCE: Final = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:.+", re.DOTALL)
_LONGEST: Final = 64 * 1024


def is_reference(text: str) -> bool:
    """Whether the text is a reference, and not the secret itself."""
    return _REFERENCE.fullmatch(text) is not None


def _check_reference(text: str) -> str:
    if not is_reference(text):
        raise ValueError("must name a secret as env:NAME or file:PATH, never hold it")
    return text


Reference = Annotated[str, AfterValidator(_check_reference)]
"""The type of a field of a configuration file."""


def read_secret(reference: str) -> str:
    """The secret, without a final line break. Raises ConfigurationError that names the reference, never the secret."""
    kind, _, name = reference.partition(":")
    if kind == "env":
        value = environment_value(name)
        if not value:
            raise ConfigurationError(f"the environment has no {name}, which a reference to a secret names")
        return value
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read the secret file {name}: {error}") from error
    if not text.strip() or len(text) > _LONGEST:
        raise ConfigurationError(f"the secret file {name} is empty or too large")
    return text.rstrip("\r\n")
