"""Field types that every body with a report has: its type, its framework and the edition of the crosswalk.

Validation needs the context of ``body``.
"""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from policycortex.field_types import did_you_mean, refuse
from policycortex.names import CrosswalkEdition, ReportType
from policycortex.requests.body import known_of, one_of


def _type(value: object) -> object:
    return one_of(ReportType, value)


def _edition(value: object) -> object:
    return one_of(CrosswalkEdition, value)


def _framework(value: str, info: ValidationInfo) -> str:
    known = known_of(info).frameworks
    if value not in known:
        hint = did_you_mean(value, known) or f"; known are {', '.join(sorted(known))}"
        raise refuse(f"Unknown framework {value!r}{hint}")
    return value


KnownType = Annotated[ReportType, BeforeValidator(_type)]
KnownEdition = Annotated[CrosswalkEdition, BeforeValidator(_edition)]
KnownFramework = Annotated[str, AfterValidator(_framework)]
