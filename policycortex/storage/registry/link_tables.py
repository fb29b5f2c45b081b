"""Table of the download links."""

from sqlalchemy import Boolean, Column, ForeignKey, String, Table

from policycortex.storage.registry.base import UtcDateTime, metadata

download_links = Table(
    "download_links",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("organization", String(64), nullable=False),
    Column("report_id", String(32), ForeignKey("reports.id"), nullable=False, index=True),
    Column("format", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", String(32)),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("is_one_time", Boolean, nullable=False),
    Column("used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("file_name", String(64)),
)
