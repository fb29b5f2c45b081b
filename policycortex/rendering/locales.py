"""Words, numbers and dates in the reader's language: one YAML catalogue per locale in ``templates/locales``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from policycortex.errors import ConfigurationError
from policycortex.scoring.rounding import round_pct

FALLBACK: Final = "en"
"""Catalogue that has every text; others may leave some out."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Locale:
    """One language with its forms; compared by identity, so that it can key a cache."""

    language: str
    """BCP 47 tag for ``lang`` attributes."""
    decimal_mark: str
    group_mark: str
    percent_form: str
    """``{}%`` or ``{} %``."""
    date_form: str
    """With ``{day}``, ``{month}`` (name), ``{year}``."""
    months: tuple[str, ...]
    texts: Mapping[str, str] = field(repr=False)

    def text(self, key: str, /, **values: object) -> str:
        """The text under a dotted ``key``, its ``{names}`` replaced. Raises ConfigurationError on an unknown key."""
        if key not in self.texts:
            raise ConfigurationError(f"the catalogue of locale {self.language} has no text {key!r}")
        return self.texts[key].format_map(values) if values else self.texts[key]

    def plural(self, key: str, count: int) -> str:
        """``key.one`` or ``key.other`` with ``{count}`` written as a number."""
        return self.text(f"{key}.{'one' if count == 1 else 'other'}", count=self.number(count))

    def number(self, value: float | None, digits: int = 0) -> str:
        """Grouped, with ``digits`` decimals; an en dash for None."""
        if value is None:
            return "–"
        grouped = f"{value:,.{digits}f}"
        return grouped.translate({ord(","): self.group_mark, ord("."): self.decimal_mark})

    def score(self, value_pct: float | None) -> str:
        """A percentage to one decimal, never rounded to a 0 or 100 it is not; the words for None."""
        if value_pct is None:
            return self.text("result.not_assessed")
        return self.percent_form.format(self.number(round_pct(value_pct, 1), 1))

    def points(self, value: float | None) -> str:
        """A signed difference of percentage points to one decimal, with a true minus sign."""
        if value is None:
            return "–"
        sign = "+" if value > 0 else "−" if value < 0 else "±"
        return sign + self.number(abs(value), 1)

    def day(self, value: date | datetime) -> str:
        """A date in words, UTC."""
        day = value.astimezone(UTC).date() if isinstance(value, datetime) else value
        return self.date_form.format(day=day.day, month=self.months[day.month - 1], year=day.year)

    def moment(self, value: datetime) -> str:
        """A time to the minute in UTC."""
        return f"{self.day(value)}, {value.astimezone(UTC):%H:%M} UTC"


@cache
def load_locale(tag: str, folder: Path) -> Locale:
    """The catalogue for ``tag`` (``de-AT`` falls back to ``de``). Raises ConfigurationError where there is none."""
    language = tag.replace("_", "-").split("-")[0].lower()
    path = folder / f"{language}.yaml"
    if not language.isalpha() or not path.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.yaml")))
        raise ConfigurationError(f"there is no catalogue for locale {tag!r}; known are {known}, or add {language}.yaml")
    raw = _read(path)
    texts = _flatten(raw["texts"])
    if language != FALLBACK:
        texts = _flatten(_read(folder / f"{FALLBACK}.yaml")["texts"]) | texts
    return Locale(
        language=language,
        decimal_mark=raw["decimal_mark"],
        group_mark=raw["group_mark"],
        percent_form=raw["percent_form"],
        date_form=raw["date_form"],
        months=tuple(raw["months"]),
        texts=texts,
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(f"the catalogue {path.name} could not be read: {error}") from error
    missing = {"decimal_mark", "group_mark", "percent_form", "date_form", "months", "texts"} - set(raw or ())
    if missing:
        raise ConfigurationError(f"the catalogue {path.name} lacks {', '.join(sorted(missing))}")
    return dict(raw)


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in tree.items():
        flat |= _flatten(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": str(value)}
    return flat
