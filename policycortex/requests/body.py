"""The documented body of a request for a report as Pydantic models, which are also its schema in OpenAPI.

Validation needs a context with ``known`` (a ``Known``) and ``due_at`` (when the report is due).
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal, TypeVar

from pydantic import Field, ValidationInfo, field_validator

from policycortex.documents.branding import BrandingError, check_accent, check_colour, read_logo
from policycortex.documents.locales import is_locale_of
from policycortex.documents.template_files import catalogue_folders, list_catalogues, list_templates
from policycortex.field_types import (
    Line,
    Strict,
    check_line,
    did_you_mean,
    refuse,
)
from policycortex.names import CrosswalkEdition, OscalVersion, PdfVariant, ReportFormat
from policycortex.security.passwords import password_problem

ENVIRONMENTS: Final = frozenset({"production", "staging", "development", "test", "unknown"})
PROVIDERS: Final = frozenset(
    {
        "alibabacloud", "aws", "azure", "cloudflare", "gcp", "github", "googleworkspace", "iac", "image", "kubernetes",
        "llm", "m365", "mongodbatlas", "nhn", "openstack", "oraclecloud",
    }
)  # fmt: skip
"""Providers that scanners support today."""

_Member = TypeVar("_Member", bound=StrEnum)
_Checked = TypeVar("_Checked")

_LONGEST_WATERMARK: Final = 60
CROSSWALK_FIELD: Final = Field(
    default=CrosswalkEdition.REVIEWED,
    description="reviewed: only a check that tests the requirement makes it compliant; scanner: the relations of the"
    " scanner's files, all alike",
)


def _no_groups() -> Mapping[str, tuple[str, ...]]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The values that a request may name."""

    frameworks: Collection[str]
    environments: Collection[str] = ENVIRONMENTS
    cloud_providers: Collection[str] = PROVIDERS
    formats: Collection[ReportFormat] = tuple(ReportFormat)
    locales: Collection[str] = ("de", "en")
    """Languages with a text catalogue; ``de-AT`` uses ``de``."""
    templates: Collection[str] = ()
    """Custom templates of the installation."""
    load_groups: Callable[[], Mapping[str, tuple[str, ...]]] = _no_groups
    """Account ids of each account group; called only for requests that name one."""

    @classmethod
    def of(
        cls,
        frameworks: Collection[str],
        templates_dir: Path | None,
        load_groups: Callable[[], Mapping[str, tuple[str, ...]]] = _no_groups,
    ) -> "Known":
        """The values of an installation: these frameworks and groups, the catalogues and templates of its folder."""
        return cls(
            frameworks=tuple(frameworks),
            load_groups=load_groups,
            locales=tuple(sorted(set(list_catalogues(catalogue_folders(templates_dir))))),
            templates=list_templates(templates_dir),
        )


class ColoursBody(Strict):
    """The sender's colours as ``#rrggbb``; absent ones have the default."""

    primary: str | None = Field(default=None, examples=["#10273a"], description="Background of the cover")
    accent: str | None = Field(
        default=None, examples=["#14526b"], description="Lines, gauge and numbers; at least 4.5:1 against white"
    )

    @field_validator("primary")
    @classmethod
    def _primary(cls, value: str | None) -> str | None:
        return value and _checked(check_colour, value)

    @field_validator("accent")
    @classmethod
    def _accent(cls, value: str | None) -> str | None:
        return value and _checked(check_accent, value)


class BrandingBody(Strict):
    """The sender's branding. It is complete in the request: no file and no URL is read for it."""

    company: Line | None = Field(default=None, max_length=80, examples=["Acme Corporation"])
    prepared_for: Line | None = Field(
        default=None,
        max_length=120,
        examples=["Audit committee of Acme Corporation"],
        description="Whom the report is for; absent: the display name of the organisation",
    )
    prepared_by: Line | None = Field(
        default=None,
        max_length=120,
        examples=["Acme Security"],
        description="Who made the report; absent: as configured for the organisation, else company",
    )
    classification: Line | None = Field(
        default=None,
        max_length=40,
        examples=["Confidential"],
        description="Stands on the cover and on every page; absent: as configured for the organisation",
    )
    font: Literal["inter"] | None = Field(
        default=None, description="HTML reports carry the font Inter (100 kB); absent: the reader's own fonts"
    )
    colours: ColoursBody | None = None
    logo: str | None = Field(
        default=None,
        max_length=400_000,
        examples=["data:image/png;base64,iVBORw0KGgo..."],
        description="PNG, JPEG or SVG of at most 256 KiB as a data: URL",
    )

    @field_validator("logo")
    @classmethod
    def _logo(cls, value: str | None) -> str | None:
        return value and _checked(read_logo, value).data_uri


class FormatOptionsBody(Strict):
    """The file formats and the layout of the report; the default format is ``pdf``."""

    formats: list[ReportFormat] = Field(default=[ReportFormat.PDF], min_length=1, max_length=len(ReportFormat))
    include_executive_summary: bool = True
    include_detailed_findings: bool | Literal["all"] = Field(
        default=True,
        description="Findings on the pages of PDF and Word. true: failing, muted and waived ones and those for manual"
        ' review, grouped by check, while passing ones are counted; "all": every finding; false: none, and none in'
        " HTML and Excel. CSV and JSON always have every finding",
    )
    include_comments: bool = Field(
        default=False,
        description="Reports of the type audit: comments of reviewers on the requirements and the period of the report",
    )
    locale: str = Field(default="en", max_length=35, examples=["en"], description="BCP 47 tag: en, de, de-AT")
    password: str | None = Field(
        default=None,
        json_schema_extra={"format": "password", "writeOnly": True},
        description="Opens the files: AES-256 in PDF, Excel and Word, an AES-256 zip for the others."
        " 12 to 127 characters; deleted after the run, never returned",
    )
    password_name: str | None = Field(
        default=None,
        max_length=63,
        examples=["auditors"],
        description="In place of password: the name of one that the installation keeps, also for schedules",
    )
    watermark: bool | str = Field(
        default=False,
        description="Text across every page of PDF, HTML and Word and at the top of every Excel sheet;"
        " true: CONFIDENTIAL",
        examples=["CONFIDENTIAL"],
    )
    sign: bool = Field(default=False, description="PAdES in the PDF; a detached CMS signature (.p7s) for the others")
    pdf_variant: PdfVariant | None = Field(
        default=None, description="pdf/a-3b for archives, with JSON and CSV inside; pdf/ua-1 for screen readers"
    )
    csv_bom: bool = Field(
        default=False,
        description="CSV files begin with a byte order mark, by which Excel recognises UTF-8",
    )
    oscal_version: OscalVersion = Field(default=OscalVersion.V1_1_2, description="Of the format oscal")
    branding: BrandingBody | None = None
    template: str | None = Field(
        default=None, max_length=64, examples=["acme"], description="Name of a custom template of the installation"
    )

    @field_validator("formats", mode="before")
    @classmethod
    def _formats(cls, values: object, info: ValidationInfo) -> object:
        if not isinstance(values, list):
            return values
        names = [member.value for member in ReportFormat]
        if unknown := [value for value in values if value not in names]:
            hints = (did_you_mean(value, names) if isinstance(value, str) else "" for value in unknown)
            problems = ", ".join(f"{value!r} is unknown{hint}" for value, hint in zip(unknown, hints, strict=True))
            raise refuse(f"Must be one of {', '.join(names)}; {problems}")
        chosen = [ReportFormat(value) for value in values]
        if len(set(chosen)) != len(chosen):
            raise refuse("Contains a format twice")
        refuse_all(f"Format {f.value!r} is not available yet" for f in chosen if f not in known_of(info).formats)
        return chosen

    @field_validator("locale")
    @classmethod
    def _locale(cls, value: str, info: ValidationInfo) -> str:
        known = known_of(info).locales
        if not is_locale_of(value, known):
            raise refuse(f"Unknown locale {value!r}; known are {', '.join(sorted(known))}")
        return value

    @field_validator("password")
    @classmethod
    def _password(cls, value: str | None) -> str | None:
        problem = password_problem(value) if value is not None else None
        if problem is not None:
            raise refuse(problem)
        return value

    @field_validator("password_name")
    @classmethod
    def _one_password(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("password") is not None:
            raise refuse("Give either password or password_name")
        return value

    @field_validator("watermark", mode="before")
    @classmethod
    def _watermark(cls, value: object) -> object:
        if isinstance(value, bool):
            return value
        if not isinstance(value, str):
            raise refuse("Must be a text, or true for CONFIDENTIAL")
        if len(value) > _LONGEST_WATERMARK:
            raise refuse(f"Must have at most {_LONGEST_WATERMARK} characters")
        return check_line(value)

    @field_validator("pdf_variant", mode="before")
    @classmethod
    def _variant(cls, value: object, info: ValidationInfo) -> object:
        if value is None:
            return None
        variant = one_of(PdfVariant, value)
        if ReportFormat.PDF not in info.data.get("formats", [ReportFormat.PDF]):
            raise refuse("formats names no pdf; add it or omit pdf_variant")
        has_password = info.data.get("password") is not None or info.data.get("password_name") is not None
        if variant is PdfVariant.ARCHIVE and has_password:
            raise refuse("PDF/A forbids encryption: omit the password or pdf_variant")
        return variant

    @field_validator("oscal_version", mode="before")
    @classmethod
    def _oscal_version(cls, value: object) -> object:
        return one_of(OscalVersion, value)

    @field_validator("template")
    @classmethod
    def _template(cls, value: str | None, info: ValidationInfo) -> str | None:
        known = known_of(info).templates
        if value is not None and value not in known:
            choices = f"known are {', '.join(sorted(known))}" if known else "this installation has none"
            raise refuse(f"Unknown template {value!r}{did_you_mean(value, known) or f'; {choices}'}")
        return value


def _checked(check: Callable[[str], _Checked], value: str) -> _Checked:
    try:
        return check(value)
    except BrandingError as error:
        raise refuse(str(error)) from None


def refuse_all(problems: Iterable[str]) -> None:
    """Raise one error with all problems."""
    if messages := list(problems):
        raise refuse("; ".join(messages).replace("?; ", "? "))


def one_of(kind: type[_Member], value: object) -> _Member:
    """The member with that value. Other values are refused, with a suggestion."""
    names = [member.value for member in kind]
    if isinstance(value, str) and value in names:
        return kind(value)
    hint = did_you_mean(value, names) if isinstance(value, str) else ""
    raise refuse(f"Must be one of {', '.join(names)}{hint}")


def known_of(info: ValidationInfo) -> Known:
    if info.context is None:
        raise RuntimeError("validation needs a context; use parse_request")
    known: Known = info.context["known"]
    return known
