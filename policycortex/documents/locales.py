"""Texts, numbers and dates in the reader's language: texts from catalogues, forms of numbers and dates from Babel.

The forms are those of CLDR for the catalogue's language, without a region.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import babel
from babel.dates import format_date
from babel.numbers import parse_pattern

from policycortex.documents.catalogues import FALLBACK, merge_texts, read_catalogue
from policycortex.documents.template_files import catalogue_folders, list_catalogues
from policycortex.errors import ConfigurationError
from policycortex.period import Period, zone_name
from policycortex.scoring.rounding import Percent, known_pct, round_pct

_TAG: Final = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Locale:
    """One language with its texts; compared by identity, so that it can be the key of a cache."""

    language: str
    """BCP 47 tag for ``lang`` attributes."""
    date_form: str | None
    """A whole date with ``{day}``, ``{month}`` (name), ``{year}``; None: the long form of the language."""
    texts: Mapping[str, str] = field(repr=False)
    zone: tzinfo = UTC
    """The zone in which times are written."""

    def text(self, key: str, /, **values: object) -> str:
        """The text under a dotted ``key``, its ``{names}`` replaced. Raises ConfigurationError on an unknown key."""
        if key not in self.texts:
            raise ConfigurationError(f"the catalogue of locale {self.language} has no text {key!r}")
        return self.texts[key].format_map(values) if values else self.texts[key]

    def plural(self, key: str, count: int, **values: str) -> str:
        """``key.<plural form>`` of the language, such as ``key.one``, else ``key.other``; ``{count}`` is the number."""
        form = f"{key}.{_forms(self.language).plural_form(count)}"
        return self.text(form if form in self.texts else f"{key}.other", count=self.number(count), **values)

    def number(self, value: float | None, digits: int = 0) -> str:
        """Grouped, with ``digits`` decimals; an en dash for None. A percentage is rounded once, from the exact one."""
        if isinstance(value, Percent):
            value = float(known_pct(value, digits))
        return "–" if value is None else _write_number(self.language, value, digits)

    def score(self, value_pct: float | None) -> str:
        """A percentage to one decimal, never rounded to a 0 or 100 it is not; the words for None."""
        if value_pct is None:
            return self.text("summary.no_score")
        return _percent_form(self.language).format(self.number(round_pct(value_pct, 1), 1))

    def points(self, value: float | None) -> str:
        """A signed difference of percentage points to one decimal, with a true minus sign."""
        if value is None:
            return "–"
        sign = "+" if value > 0 else "−" if value < 0 else "±"
        return sign + self.number(abs(value), 1)

    def day(self, value: date | datetime) -> str:
        """A date in words; that of a time in the locale's zone."""
        day = value.astimezone(self.zone).date() if isinstance(value, datetime) else value
        if self.date_form is None:
            return format_date(day, "long", locale=_forms(self.language))
        return self.date_form.format(day=day.day, month=self._month(day, "MMMM"), year=day.year)

    def day_mark(self, value: date) -> str:
        """A date without its year, as short as an axis needs it."""
        return self.text("chart.day_mark", day=value.day, month=self._month(value, "MMM"))

    def month_mark(self, value: date) -> str:
        """A month with its year, as short as an axis needs it."""
        return self.text("chart.month_mark", month=self._month(value, "MMM"), year=value.year)

    def moment(self, value: datetime) -> str:
        """A time to the minute in the locale's zone, which is named."""
        return f"{self.day(value)}, {value.astimezone(self.zone):%H:%M} {zone_name(self.zone)}"

    def days(self, period: Period) -> str:
        """``1–31 March 2026``; one date for one day; two dates for longer ones; times where it is not whole days.

        The month is named once only where the language writes the day first.
        """
        if not period.is_whole_days:
            return f"{self.moment(period.start)} – {self.moment(period.end)}"
        first, last = self.day(period.first_date), self.day(period.last_date)
        if first == last:
            return first
        start, end = period.first_date, period.last_date
        if (start.year, start.month) == (end.year, end.month) and last.startswith(str(end.day)):
            return self.text("page.one_month", first=start.day, last=last)
        return f"{first} – {last}"

    def _month(self, value: date, pattern: str) -> str:
        return format_date(value, pattern, locale=_forms(self.language))


@cache
def load_locale(tag: str, *folders: Path) -> Locale:
    """The catalogue for ``tag`` from the first folder that has it; ``de-AT`` falls back to ``de``.

    Texts that a catalogue leaves out come from those of the same language in later folders, then from the English one.
    Raises ConfigurationError where there is no catalogue, or where one does not fit the English one.
    """
    language = tag.replace("_", "-").split("-")[0].lower()
    paths = [folder / f"{language}.yaml" for folder in folders]
    found = [path for path in paths if language.isalpha() and path.is_file()]
    if not found:
        known = ", ".join(sorted(set(list_catalogues(folders))))
        raise ConfigurationError(f"there is no catalogue for locale {tag!r}; known are {known}, or add {language}.yaml")
    catalogues = [read_catalogue(path) for path in found]
    _forms(language)
    return Locale(
        language=language,
        date_form=next((each.date_form for each in catalogues if each.date_form is not None), None),
        texts=merge_texts(catalogues, read_catalogue(folders[-1] / f"{FALLBACK}.yaml")),
    )


def open_locale(tag: str, own: Path | None = None, zone: tzinfo = UTC) -> Locale:
    """``load_locale`` over the built-in catalogues and those in ``own``, the installation's templates folder."""
    return _in_zone(load_locale(tag, *catalogue_folders(own)), zone)


@lru_cache(maxsize=64)  # one object for each zone in use, because templates are cached by locale
def _in_zone(locale: Locale, zone: tzinfo) -> Locale:
    """The locale with the same texts, which writes times in ``zone``."""
    return replace(locale, zone=zone)


def is_locale_of(tag: str, languages: Collection[str]) -> bool:
    """Whether ``tag`` is written as a locale is, of one of these languages."""
    return _TAG.fullmatch(tag) is not None and re.split("[-_]", tag)[0].lower() in languages


@cache
def _forms(language: str) -> babel.Locale:
    """CLDR's forms of a language. Raises ConfigurationError on one that Babel does not know."""
    try:
        return babel.Locale.parse(language)
    except (babel.UnknownLocaleError, ValueError) as error:
        raise ConfigurationError(
            f"locale {language!r} has a catalogue, but Babel has no number and date forms for it; "
            "name the catalogue by a language code of CLDR"
        ) from error


@lru_cache(maxsize=10_000)  # most numbers of a report are small counts; Babel takes 7 µs for each
def _write_number(language: str, value: float, digits: int) -> str:
    """Rounded as Python does, half to even in binary, so that a number is the same text in every language."""
    pattern = parse_pattern("#,##0" + ("." + "0" * digits if digits else ""))
    return str(pattern.apply(Decimal(f"{value:.{digits}f}"), _forms(language)))


@cache
def _percent_form(language: str) -> str:
    """``{}%`` or ``{} %``, with a plain space in place of one that does not break."""
    pattern = _forms(language).percent_formats[None]
    return f"{pattern.prefix[0]}{{}}{pattern.suffix[0]}".replace("\xa0", " ").replace("\u202f", " ")
