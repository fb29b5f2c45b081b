"""Words, numbers and dates in the reader's language: one YAML catalogue per language in a ``locales`` folder."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any, Final

import yaml

from policycortex.documents.template_files import catalogue_folders, list_catalogues
from policycortex.errors import ConfigurationError
from policycortex.scoring.rounding import round_pct

FALLBACK: Final = "en"
"""Catalogue that has every text; others may leave some out."""
_MONTHS: Final = 12
_TAG: Final = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*", re.ASCII)
_NAMES: Final = re.compile(r"\{(\w+)\}")


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
    short_months: tuple[str, ...]
    """As they stand under an axis; a catalogue without them has its months cut to three letters."""
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

    def day_mark(self, value: date) -> str:
        """A date without its year, as short as an axis needs it."""
        return self.text("chart.day_mark", day=value.day, month=self.short_months[value.month - 1])

    def month_mark(self, value: date) -> str:
        """A month with its year, as short as an axis needs it."""
        return self.text("chart.month_mark", month=self.short_months[value.month - 1], year=value.year)

    def moment(self, value: datetime) -> str:
        """A time to the minute in UTC."""
        return f"{self.day(value)}, {value.astimezone(UTC):%H:%M} UTC"


@cache
def load_locale(tag: str, *folders: Path) -> Locale:
    """The catalogue for ``tag`` from the first folder that has it; ``de-AT`` falls back to ``de``.

    What a catalogue leaves out is taken from those of the same language behind it, then from the English one.
    Raises ConfigurationError where there is no catalogue, or where one does not fit the English one.
    """
    language = tag.replace("_", "-").split("-")[0].lower()
    paths = [folder / f"{language}.yaml" for folder in folders]
    found = [path for path in paths if language.isalpha() and path.is_file()]
    if not found:
        known = ", ".join(sorted(set(list_catalogues(folders))))
        raise ConfigurationError(f"there is no catalogue for locale {tag!r}; known are {known}, or add {language}.yaml")
    fallback = folders[-1] / f"{FALLBACK}.yaml"
    raws = [_read(path) for path in found]
    english = _flatten(_read(fallback)["texts"])
    texts = dict(english)
    for path, raw in zip(reversed(found), reversed(raws), strict=True):
        own = _flatten(raw["texts"])
        _check_texts(path, own, english)
        texts |= own
    first = raws[0]
    return Locale(
        language=language,
        decimal_mark=first["decimal_mark"],
        group_mark=first["group_mark"],
        percent_form=first["percent_form"],
        date_form=first["date_form"],
        months=tuple(first["months"]),
        short_months=tuple(first.get("short_months") or (month[:3] for month in first["months"])),
        texts=texts,
    )


def open_locale(tag: str, own: Path | None = None) -> Locale:
    """``load_locale`` over the built-in catalogues and those in ``own``, the installation's templates folder."""
    return load_locale(tag, *catalogue_folders(own))


def is_locale_of(tag: str, languages: Collection[str]) -> bool:
    """Whether ``tag`` is written as a locale is, of one of these languages."""
    return _TAG.fullmatch(tag) is not None and re.split("[-_]", tag)[0].lower() in languages


def _check_texts(path: Path, own: Mapping[str, str], english: Mapping[str, str]) -> None:
    """A text nobody asks for is a typing error, and one with other ``{names}`` would break the report it stands in."""
    unknown = sorted(set(own) - set(english))
    if unknown:
        raise ConfigurationError(f"the catalogue {path.name} has texts nobody reads: {', '.join(unknown[:5])}")
    for key, text in own.items():
        names, wanted = _names(path, key, text), set(_NAMES.findall(english[key]))
        if names - wanted:
            raise ConfigurationError(
                f"the catalogue {path.name} asks in {key} for {{{'}, {'.join(sorted(names - wanted))}}}; "
                f"known there are {', '.join(sorted(wanted)) or 'none'}"
            )


def _names(path: Path, key: str, text: str) -> set[str]:
    """The ``{names}`` of a text; plain ones only, as a form such as ``{count:>9}`` could be made to fill the memory."""
    try:
        parts = [(name, spec, form) for _, name, spec, form in Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise ConfigurationError(
            f"the catalogue {path.name} has in {key} a brace that is not closed: {error}"
        ) from None
    odd = [name for name, spec, form in parts if spec or form or not name.isidentifier()]
    if odd:
        raise ConfigurationError(
            f"the catalogue {path.name} asks in {key} for {{{odd[0]}}}; only plain names may stand there"
        )
    return {name for name, _, _ in parts}


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)  # a sixth of safe_load's time, of 0.1 s
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(f"the catalogue {path.name} could not be read: {error}") from error
    if not isinstance(raw, Mapping) or not isinstance(raw.get("texts"), Mapping):
        raise ConfigurationError(f"the catalogue {path.name} must be a mapping with one of texts in it")
    missing = {"decimal_mark", "group_mark", "percent_form", "date_form", "months", "texts"} - set(raw or ())
    if missing:
        raise ConfigurationError(f"the catalogue {path.name} lacks {', '.join(sorted(missing))}")
    for months in (raw["months"], raw.get("short_months") or raw["months"]):
        if len(months) != _MONTHS:
            raise ConfigurationError(f"the catalogue {path.name} names {len(months)} months; a year has 12")
    return dict(raw)


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in tree.items():
        flat |= _flatten(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": str(value)}
    return flat
