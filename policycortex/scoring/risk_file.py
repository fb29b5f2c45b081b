"""The installation's risk weights: a YAML file with the fields of ``RiskWeights``; defaults for what it omits."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from policycortex.errors import ConfigurationError
from policycortex.scoring.risk_model import RiskBand, RiskPart, RiskWeights

_TABLES: Final = ("ceilings", "degrees", "bands", "parts", "severity", "criticality", "sla_days")


def load_risk_weights(path: Path) -> RiskWeights:
    """Return the weights of the file; the defaults without a file. Raises ConfigurationError that names the problem."""
    if not path.exists():
        return RiskWeights()
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"cannot read risk weights from {path}: {error}") from None
    return parse_risk_weights(tree or {}, name=str(path))


def parse_risk_weights(tree: object, *, name: str) -> RiskWeights:
    """Return the weights of a parsed file. Each table is merged with the defaults: one number can be changed alone."""
    if not isinstance(tree, Mapping) or not set(tree) <= {*_TABLES, "burden", "exposure_words"}:
        raise ConfigurationError(f"{name} may contain only {', '.join(_TABLES)}, burden and exposure_words")
    default = RiskWeights()
    words = tree.get("exposure_words", default.exposure_words)
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) and word for word in words):
        raise ConfigurationError(f"{name}: exposure_words must be a list of words")
    burden = tree.get("burden", default.burden)
    if isinstance(burden, bool) or not isinstance(burden, int | float):
        raise ConfigurationError(f"{name}: burden must be a number, got {burden!r}")
    return RiskWeights(
        ceilings=_table(tree, "ceilings", default.ceilings, name),
        degrees={RiskPart(part): share for part, share in _table(tree, "degrees", default.degrees, name).items()},
        bands={RiskBand(band): least for band, least in _table(tree, "bands", default.bands, name).items()},
        burden=float(burden),
        parts={RiskPart(part): share for part, share in _table(tree, "parts", default.parts, name).items()},
        severity=_table(tree, "severity", default.severity, name),
        criticality=_table(tree, "criticality", default.criticality, name),
        sla_days={word: int(days) for word, days in _table(tree, "sla_days", default.sla_days, name).items()},
        exposure_words=tuple(words),
    )


def _table(tree: Mapping[str, Any], field: str, default: Mapping[Any, float], name: str) -> dict[str, float]:
    given = tree.get(field, {})
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"{name}: {field} must be a table of names and numbers, got {given!r}")
    base = {str(word): float(number) for word, number in default.items()}
    for word, number in given.items():
        if field != "criticality" and word not in base:
            raise ConfigurationError(f"{name}: {field} has no {word!r}; it has {', '.join(base)}")
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ConfigurationError(f"{name}: {field}.{word} must be a number, got {number!r}")
        base[str(word)] = float(number)
    return base
