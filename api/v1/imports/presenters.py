"""Response bodies of imports, made from the core's values."""

from typing import TYPE_CHECKING

from api.platform.responses import page_of
from api.v1.imports.schemas import ImportAnswer, ImportedFile, QuarantinedAnswer, QuarantineList
from policycortex.storage.registry.uploads import UploadedFile, UploadRow

if TYPE_CHECKING:
    import polars as pl


def present_import(upload: UploadRow) -> ImportAnswer:
    """One upload; counts are the sums over its files."""
    return ImportAnswer(
        id=upload.id,
        status=upload.status,
        file_name=upload.file_name,
        target=upload.target or None,
        size_bytes=upload.size_bytes,
        sha256=upload.sha256,
        uploaded_by=upload.key_id,
        created_at=upload.created_at,
        started_at=upload.started_at,
        ended_at=upload.ended_at,
        records_read=upload.records_read,
        records_kept=sum(file.kept for file in upload.files),
        records_quarantined=sum(file.quarantined for file in upload.files),
        files=[_present_file(file) for file in upload.files],
        warnings=list(upload.unrelated),
        failure=upload.failure or None,
    )


def _present_file(file: UploadedFile) -> ImportedFile:
    return ImportedFile(
        name=file.name,
        outcome=file.outcome,
        reason=file.reason,
        notes=list(file.notes),
        targets=file.targets,
        is_new=file.is_new,
        records_read=file.read,
        records_kept=file.kept,
        records_quarantined=file.quarantined,
        dates=list(file.dates),
    )


def present_quarantine(found: "pl.DataFrame", *, total: int, limit: int, offset: int) -> QuarantineList:
    """A page of QUARANTINED_SCHEMA."""
    records = [QuarantinedAnswer.model_validate(row) for row in found.to_dicts()]
    return QuarantineList(records=records, pagination=page_of(total, limit=limit, offset=offset, count=len(records)))
