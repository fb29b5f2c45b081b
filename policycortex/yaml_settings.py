"""Reads a setting that is YAML: the text itself, the path of a file, or else a file of the home."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from policycortex.errors import ConfigurationError


def read_yaml_setting(value: str | None, default: Path, variable: str) -> tuple[Any, str]:
    """The content, and its source for messages: ``variable`` or the path. None where nothing is configured.

    ``value`` is that of the setting, None where it is not set: then the file ``default`` counts if it is there.
    Raises ConfigurationError that names the source.
    """
    # settings lose their last line break, so a text of one line is recognised by its colon
    is_text = value is not None and ("\n" in value or ": " in value or value.startswith("{"))
    source = variable if is_text else value or str(default)
    try:
        if is_text:
            text = value or ""
        elif value is not None or default.exists():
            text = Path(source).read_text(encoding="utf-8")
        else:
            return None, source
        return yaml.safe_load(text), source
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{source} is not YAML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read {source}: {error}") from None


def invalid_setting(source: str, error: ValidationError) -> ConfigurationError:
    """An error that names the source and every invalid entry, without the values, which may be secret."""
    problems = "; ".join(
        f"{'.'.join(map(str, detail['loc'])) or 'file'}: {detail['msg'].removeprefix('Value error, ')}"
        for detail in error.errors(include_input=False)
    )
    return ConfigurationError(f"{source} cannot be used: {problems}")
