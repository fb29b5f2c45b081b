"""Query parameters and response bodies of imports."""

from pydantic import Field

from api.platform.listing import PageQuery
from api.platform.responses import Moment, Pagination, ResponseModel
from policycortex.names import ImportStatus


class ImportsQuery(PageQuery):
    """Which imports to list."""

    status: ImportStatus | None = None


class ImportedFile(ResponseModel):
    """One file of the upload, an archive has several, and what became of it."""

    name: str = Field(examples=["prowler-output-123456789012-20261130.ocsf.json"])
    outcome: str = Field(
        description="`imported`; `clean`: the scan has no findings; `unreadable`: all records are in quarantine; "
        "`no_results`: no findings and no clean scan, the tool reports a problem; "
        "`stopped`: too many records were bad; `failed`: nothing was imported; `skipped`: no findings file",
        examples=["imported"],
    )
    reason: str = Field(description="Why it was not imported, or the reasons of its first quarantined records")
    notes: list[str] = Field(description="Facts about the file that are no records, such as fields that were dropped")
    targets: str = Field(description="What its scans were limited to, and how that was found")
    is_new: bool = Field(description="False: the same bytes were imported before; the counts are those of that import")
    records_read: int
    records_kept: int
    records_quarantined: int
    dates: list[str] = Field(description="UTC days of its findings", examples=[["2026-11-29"]])


class ImportAnswer(ResponseModel):
    """One upload with the progress and the result of its import."""

    id: str = Field(examples=["upl_0123456789abcdef"])
    status: ImportStatus = Field(
        description="`pending`: stored, not begun; `running`; `completed`: `files` tell what was kept; "
        "`failed`: nothing was imported"
    )
    file_name: str
    target: str | None = Field(description="What the scans were limited to, as the request says")
    size_bytes: int
    sha256: str = Field(description="Of the file as it arrived, hex")
    uploaded_by: str = Field(description="Id of the key")
    created_at: Moment
    started_at: Moment | None
    ended_at: Moment | None
    records_read: int = Field(description="So far; of all files")
    records_kept: int
    records_quarantined: int = Field(description="`GET /v1/imports/{import_id}/quarantine` lists them")
    files: list[ImportedFile] = Field(description="Empty until the import has ended")
    warnings: list[str] = Field(description="Findings that count towards no requirement of any framework")
    failure: str | None = Field(description="Why nothing was imported")


class ImportList(ResponseModel):
    """A page of imports, newest first."""

    imports: list[ImportAnswer]
    pagination: Pagination


class QuarantinedAnswer(ResponseModel):
    """One record that could not be kept as a finding."""

    file_name: str
    byte_offset: int = Field(description="Place of the record in the unpacked file")
    byte_length: int
    reason: str
    raw_text: str = Field(description="The first 200 characters of the record")


class QuarantineList(ResponseModel):
    """A page of quarantined records, in the order of the file."""

    records: list[QuarantinedAnswer]
    pagination: Pagination
