"""Field types of request bodies: text, times, time zones, addresses. Each error names the problem and a remedy."""

import re
import unicodedata
from collections.abc import Collection
from datetime import UTC, date, datetime
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Final
from zoneinfo import ZoneInfo, available_timezones

import idna
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_EMAIL: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{3,253}$)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII
)
_MISTYPED_ENDINGS: Final = {
    "con": "com", "cmo": "com", "ocm": "com", "comm": "com", "coom": "com", "vom": "com", "xom": "com", "cpm": "com",
    "nte": "net", "ner": "net", "ogr": "org", "orgg": "org",
}  # fmt: skip
"""Endings that no domain has, and the one that was meant."""
_FIRST_YEAR, _LAST_YEAR = 2000, 2100  # outside lies a typing error, and at the calendar's ends arithmetic overflows


class Strict(BaseModel):
    """Unknown fields are refused, and no value is converted to another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def refuse(message: str) -> PydanticCustomError:
    """A validation error that says exactly this."""
    return PydanticCustomError("order", "{message}", {"message": message})


def suggest(word: str, known: Collection[str]) -> str | None:
    """The known word that was probably meant: near in spelling, letters swapped (``pfd``), begun alike (``prod``)."""
    plain = word.casefold().strip()
    swapped = [k for k in sorted(known) if sorted(k) == sorted(plain)]
    close = get_close_matches(plain, known, n=1, cutoff=0.7) or swapped
    begun = [k for k in sorted(known) if len(plain) >= 3 and (k.startswith(plain) or plain.startswith(k))]
    return next(iter(close or begun), None)


def did_you_mean(word: str, known: Collection[str]) -> str:
    """``; did you mean 'x'?`` or nothing."""
    meant = suggest(word, known)
    return f"; did you mean {meant!r}?" if meant else ""


def parse_moment(value: object) -> datetime:
    """RFC 3339 with a zone, to UTC."""
    return parse_local_moment(value).astimezone(UTC)


def parse_local_moment(value: object) -> datetime:
    """RFC 3339 with a zone, which it keeps as its offset."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise refuse("Must be a date and time with a time zone, such as 2024-01-31T00:00:00Z")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise refuse(f"Is not a real date and time ({error})") from None
    if moment.tzinfo is None:
        raise refuse("Needs a time zone: add Z for UTC or an offset such as +02:00")
    check_year(moment)
    return moment


def check_year(day: date) -> None:
    """Raise PydanticCustomError for a date or time so far away that it can only be a typing error."""
    if not _FIRST_YEAR <= day.year < _LAST_YEAR:
        raise refuse(f"Must lie between the years {_FIRST_YEAR} and {_LAST_YEAR - 1}")


def check_text(value: str) -> str:
    """Letters, digits, signs and spaces of any script: no control characters, no halves of characters."""
    if any(unicodedata.category(sign) in {"Cc", "Cs"} and sign not in "\n\t" for sign in value):
        raise refuse("Must not contain control characters")
    return value


def check_line(value: str) -> str:
    """One line of text, without blanks around it."""
    if "\n" in check_text(value) or "\t" in value:
        raise refuse("Must be one line, without tabs or line breaks")
    return without_outer_blanks(value)


def without_outer_blanks(value: str) -> str:
    """The text without blanks around it. Raises as ``refuse`` if nothing is left."""
    if not value.strip():
        raise refuse("Must not be blank")
    return value.strip()


def normal_email(value: str) -> str:
    """The address as mail servers compare it: the domain in lower case, a name of another script as punycode.

    The part before the @ stays as it is. Raises as ``refuse`` if it is no address.
    """
    name, at, domain = value.rpartition("@")
    if at and not name.isascii():
        raise refuse("Has letters other than a-z before the @, which many mail servers do not accept")
    try:
        plain = f"{name}@{_ascii_domain(domain)}"
    except idna.IDNAError as error:
        raise refuse(f"Has no valid domain after the @: {error}") from None
    if not _EMAIL.fullmatch(plain):
        raise refuse("Is not an e-mail address")
    return plain


def _ascii_domain(domain: str) -> str:
    return domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode()


def _check_email(value: str, info: ValidationInfo) -> str:
    plain = normal_email(value)
    name, _, ending = plain.rpartition(".")
    # a stored body was accepted before; each delivery reports what cannot be reached
    is_new = info.context is not None and not {"known", "connections"}.isdisjoint(info.context)
    if is_new and ending in _MISTYPED_ENDINGS:
        raise refuse(f"No domain ends with .{ending}; did you mean {f'{name}.{_MISTYPED_ENDINGS[ending]}'!r}?")
    return plain


def _check_zone(value: str) -> str:
    if value not in _zones():
        by_fold = {zone.casefold(): zone for zone in _zones()}
        meant = suggest(value, by_fold)
        raise refuse(
            "Is not an IANA time zone" + (f"; did you mean {by_fold[meant]!r}?" if meant else ", such as Europe/Paris")
        )
    return value


@cache
def _zones() -> frozenset[str]:
    # what a machine calls its own time, and the stand-in of one that was never set up, are no places
    return frozenset(available_timezones()) - {"localtime", "Factory"}


def zone_of(name: str | None) -> ZoneInfo:
    """The zone of a checked name; UTC for None."""
    return ZoneInfo(name or "UTC")


Moment = Annotated[
    datetime,
    BeforeValidator(parse_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "description": "RFC 3339, with a time zone"}),
]
LocalMoment = Annotated[
    datetime,
    BeforeValidator(parse_local_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "description": "RFC 3339, with a time zone"}),
]
Line = Annotated[str, AfterValidator(check_line)]
Text = Annotated[str, AfterValidator(check_text)]
Email = Annotated[str, AfterValidator(_check_email), WithJsonSchema({"type": "string", "format": "email"})]
ZoneName = Annotated[str, AfterValidator(_check_zone)]
