"""Field types that every body with a report has: its type, its framework and the edition of the crosswalk.

Validation needs the context of ``body``.
"""

from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from policycortex.field_types import did_you_mean, refuse
from policycortex.frameworks.combined import combined_id
from policycortex.names import CrosswalkEdition, FindingsDetail, ReportFormat, ReportType
from policycortex.requests.body import FormatOptionsBody, known_of, one_of
from policycortex.requests.scope_body import ScopeBody

_Scope = TypeVar("_Scope", bound=ScopeBody)
_WITHIN: Final = ("environments", "services", "regions", "tags", "owners")
"""Filters within an account."""

_OWN_FRAMEWORKS: Final = {
    ReportType.STATEMENT_OF_APPLICABILITY: "iso27001",
    ReportType.INDICATOR_HISTORY: "fedramp_20x",
}
"""Of types that are documents of one framework."""

LONGEST_COMBINED: Final = 64
"""Characters of the ids together, as the registry stores them."""


def _type(value: object) -> object:
    return one_of(ReportType, value)


def _edition(value: object) -> object:
    return one_of(CrosswalkEdition, value)


def _framework(value: str, info: ValidationInfo) -> str:
    known = known_of(info).frameworks
    if value not in known:
        hint = did_you_mean(value, known) or f"; known are {', '.join(sorted(known))}"
        raise refuse(f"Unknown framework {value!r}{hint}")
    own = own_framework(info.data.get("type"))
    if own is not None and value != own:
        raise refuse(f"A report of this type is on {own} only")
    return value


def own_framework(kind: ReportType | None) -> str | None:
    """The framework that a type is a document of; None: a report of the type can be on any."""
    return None if kind is None else _OWN_FRAMEWORKS.get(kind)


def fixed_look(kind: ReportType) -> dict[str, Any]:
    """Fields of a request that the type decides, whatever ``format_options`` say."""
    if kind is ReportType.STATEMENT_OF_APPLICABILITY:
        return {"include_executive_summary": False, "detail": FindingsDetail.NONE}
    return {}


def check_frameworks(values: list[str], info: ValidationInfo) -> list[str]:
    """Each once, not beside ``framework``, and only for a type that makes sense for several."""
    if info.data.get("framework") is not None:
        raise refuse("Give either framework or frameworks, not both")
    if len(set(values)) != len(values):
        raise refuse("Contains a framework twice")
    if len(values) > 1 and info.data.get("type") is ReportType.TREND:
        raise refuse("A trend report forecasts one score: request one for each framework")
    if len(combined_id(values)) > LONGEST_COMBINED:
        raise refuse("Too many or too long ids in one report; request several")
    return values


def check_formats_of(options: FormatOptionsBody, info: ValidationInfo) -> FormatOptionsBody:
    """OSCAL assessment results are of one catalog, and comments are an appendix of audit reports."""
    if len(info.data.get("frameworks") or ()) > 1 and ReportFormat.OSCAL in options.formats:
        raise refuse(
            "oscal describes the results of one framework: leave it out, or request one report for each framework"
        )
    if options.include_comments and info.data.get("type", ReportType.AUDIT) is not ReportType.AUDIT:
        raise refuse("include_comments is for reports of the type audit")
    return options


def check_scope_of(scope: _Scope, info: ValidationInfo) -> _Scope:
    """Items of a plan of action are of whole accounts: a filter within an account would close what it leaves out."""
    if info.data.get("type") is ReportType.POAM and (named := [name for name in _WITHIN if getattr(scope, name)]):
        raise refuse(
            f"A plan of action is of whole accounts: leave out {', '.join(named)}; cloud_providers, accounts and"
            " account_groups are possible"
        )
    return scope


KnownType = Annotated[ReportType, BeforeValidator(_type)]
KnownEdition = Annotated[CrosswalkEdition, BeforeValidator(_edition)]
KnownFramework = Annotated[str, AfterValidator(_framework)]
KnownFrameworks = Annotated[list[KnownFramework], AfterValidator(check_frameworks)]
FRAMEWORKS_FIELD: Final[Any] = Field(
    default=[],
    max_length=10,
    examples=[["soc2", "hipaa"]],
    description="In place of framework: one report on all of them, in which each finding counts once. Not for the type"
    " trend, and not with the format oscal",
)
