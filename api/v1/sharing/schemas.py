"""Request and response bodies of download links, sharing and the access log."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from api.platform.responses import Moment, Pagination, ResponseModel, Span
from policycortex.field_types import Strict, refuse
from policycortex.names import ReportFormat
from policycortex.requests.body import one_of

_DAY = 24 * 3600


def whole_number(value: object) -> object:
    """60 for 60.0, which JSON Schema counts as an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class LinkBody(Strict):
    """Which file, and for how long."""

    format: ReportFormat = Field(examples=["pdf"])
    expires_in: Annotated[int, BeforeValidator(whole_number)] = Field(
        default=3600, ge=60, le=7 * _DAY, description="Seconds, one minute to seven days"
    )
    one_time: bool = Field(default=False, description="The link ends with its first download")

    @field_validator("format", mode="before")
    @classmethod
    def _format(cls, value: object) -> object:
        return one_of(ReportFormat, value)


class SharingBody(Strict):
    """Who can see the report."""

    visibility: Literal["organization", "keys"] = Field(description="All keys of the organisation, or those in `keys`")
    keys: list[Annotated[str, Field(max_length=64)]] = Field(
        default=[], max_length=100, description="Ids of keys, as `policycortex keys list` prints them"
    )
    links_allowed: bool = Field(default=True, description="False revokes all links of the report and refuses new ones")

    @field_validator("keys")
    @classmethod
    def _only_with_keys(cls, values: list[str], info: ValidationInfo) -> list[str]:
        if values and info.data.get("visibility") == "organization":
            raise refuse("keys is only valid with visibility keys")
        return values


class LinkMade(ResponseModel):
    """A new link; its URL is in this response only."""

    id: str
    url: str = Field(description="Works without a key")
    report_id: str
    format: ReportFormat
    expires_in: int = Field(examples=[3600])
    expires_at: Moment
    one_time: bool


class LinkItem(ResponseModel):
    """An open link, without its URL."""

    id: str
    format: ReportFormat
    created_at: Moment
    created_by: str | None
    expires_at: Moment
    one_time: bool


class SharingAnswer(ResponseModel):
    """Who can see the report, and its open links."""

    visibility: str = Field(description="`organization` or `keys`", examples=["organization"])
    keys: list[str]
    links_allowed: bool
    links: list[LinkItem]


class LinkSigner(ResponseModel):
    """The certificate that signed the file."""

    subject: str = Field(description="Name and organisation in the certificate", examples=["Acme Reports, Acme Corp"])
    sha256: str = Field(description="Fingerprint of the certificate; confirm it with its owner by another way")
    valid_until: Moment = Field(description="When the certificate ends")
    is_of_an_authority: bool = Field(description="False: the installation generated it, so only its owner confirms it")
    signature: Literal["in_file", "beside"] = Field(
        description="`in_file`: the PDF has it. `beside`: it is a file of its own, in the bundle"
    )


class LinkDetails(ResponseModel):
    """What a link leads to. It has nothing that the file itself has not."""

    report_name: str = Field(description="Name of the report")
    organization: str | None = Field(
        description="The organisation's name for readers; null where the files have a password, or may have one"
    )
    period: Span | None = Field(description="The report's period; null as `organization`")
    format: ReportFormat = Field(description="Format of the file")
    file_name: str = Field(description="The name under which the file is saved", examples=["SOC-2-October.pdf"])
    media_type: str = Field(examples=["application/pdf"])
    size_bytes: int = Field(examples=[8_300_000])
    sha256: str = Field(description="Digest of the file")
    expires_at: Moment = Field(description="When the link ends")
    one_time: bool = Field(description="Whether the link ends with its first complete download")
    signer: LinkSigner | None = Field(description="Null for a file without signature, and as `organization`")


class AccessEntry(ResponseModel):
    """One access to the report."""

    at: Moment
    action: str = Field(
        description="`created`, `read`, `downloaded`, `link_created`, `link_used`, `shared`, `cancelled`, `deleted`"
    )
    actor: str = Field(description="Id of the key, or `link:` and the id of the link")
    address: str | None
    format: str | None
    request_id: str | None


class AccessLog(ResponseModel):
    """A page of the log, newest first."""

    entries: list[AccessEntry]
    pagination: Pagination
