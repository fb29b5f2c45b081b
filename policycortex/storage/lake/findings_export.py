"""Exports a report's findings to one Parquet file, in total order and bounded memory.

Sorting a million findings at once needs more memory than the product allows, so a plan divides them into chunks that
are sorted one by one. Requirements and texts are long and shared, so they are joined to the sorted stream.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from policycortex.documents.tables import FINDING_COLUMNS, FINDING_NUMBER_DIGITS
from policycortex.errors import UnavailableError
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.storage.lake.finding_filter import EVERY_FINDING, FindingFilter
from policycortex.storage.lake.findings_plan import load_plan, widened
from policycortex.storage.lake.input_frames import RELATIONS_SCHEMA, WAIVERS_SCHEMA, in_schema
from policycortex.storage.lake.scan_selection import period_end_cursor
from policycortex.storage.lake.session import LakeSession, sql

_CHUNK_ROWS: Final = 25_000
"""Each chunk reads the details of all findings, in 0.8 s of a million. A report's chunk of 75,000 does not fit into
DuckDB's default memory, and what fits depends on the length of the scanner's words."""
_WHOLE: Final = {"skipped": 0, "limit": None}
_BATCH_ROWS: Final = 5_000
_TEXTS_HELD: Final = 10_000
_RELATION_KEY: Final = ("provider", "check_id", "mapping_id")

_TYPES: Final = {
    "muted": pa.bool_(),
    "waived": pa.bool_(),
    "observed_at": pa.timestamp("us", tz="UTC"),
    "requirements": pa.list_(pa.string()),
    "first_failed_on": pa.date32(),
}
_EXPORT_SCHEMA: Final = pa.schema([(name, _TYPES.get(name, pa.string())) for name in FINDING_COLUMNS])
_TEXTS_SCHEMA: Final = pl.Schema({"text_id": pl.String, "title": pl.String, "remediation": pl.String})


class FindingsExport:
    """Exports findings of one lake."""

    def __init__(self, session: LakeSession) -> None:
        self._session = session

    def write_findings(
        self,
        scope: Scope,
        period: Period,
        *,
        path: Path,
        relations: pl.DataFrame | None = None,
        framework_id: str | None = None,
        waivers: pl.DataFrame | None = None,
        wanted: FindingFilter = EVERY_FINDING,
    ) -> int:
        """Write the period-end posture's findings in scope to one Parquet file with FINDING_COLUMNS. Returns how many.

        ``relations`` (RELATIONS_SCHEMA) keeps only findings it names and lists their requirements in framework order;
        None keeps all. ``waived`` is true when waivers that hold for ``framework_id`` cover every listed requirement
        (without relations: when a waiver names neither framework nor requirement).
        """
        frames = {"relations": in_schema(relations, RELATIONS_SCHEMA), "waivers": in_schema(waivers, WAIVERS_SCHEMA)}
        part = path.with_name(f".{path.name}.{uuid4().hex}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with (
                period_end_cursor(self._session, scope, period, frames) as (cursor, parameters),
                pq.ParquetWriter(part, _EXPORT_SCHEMA, compression="zstd") as writer,
            ):
                parameters |= {"is_related": relations is not None}
                listed, texts = requirements_of(frames["relations"]), Texts(scope.organization)
                plan = load_plan(cursor, scope, parameters, wanted)
                digits = max(FINDING_NUMBER_DIGITS, len(str(plan["findings"].sum())))
                total = 0
                for chunk in _chunks(plan):
                    given = parameters | chunk | wanted.parameters() | {"framework_id": framework_id} | _WHOLE
                    result = cursor.execute(sql("export_findings"), given)
                    for batch in result.to_arrow_reader(_BATCH_ROWS):
                        found = with_texts(pl.DataFrame(batch), self._session, listed, texts)
                        rows = found.with_columns(_numbers(total, digits)).select(FINDING_COLUMNS)
                        writer.write_table(rows.to_arrow().cast(_EXPORT_SCHEMA))
                        total += rows.height
            part.replace(path)
        except OSError as error:
            raise UnavailableError(f"cannot write findings to {path}: {error.strerror}") from error
        finally:
            part.unlink(missing_ok=True)
        return total


def _chunks(plan: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Bounds of consecutive chunks of the plan, each small enough to sort (unless one check has more findings)."""
    chunk: dict[str, Any] = {}
    held = 0
    for rank, check_id, findings in plan.iter_rows():
        if chunk and held + findings > _CHUNK_ROWS:
            yield chunk
            chunk, held = {}, 0
        chunk = widened(chunk, rank, check_id)
        held += findings
    if chunk:
        yield chunk


def with_texts(found: pl.DataFrame, session: LakeSession, listed: pl.DataFrame, texts: "Texts") -> pl.DataFrame:
    """``found`` with its texts and requirements, in the same order."""
    known_texts = texts.of(session, found["text_id"].unique().to_list())
    joined = found.join(known_texts, on="text_id", how="left", maintain_order="left").join(
        listed, on=_RELATION_KEY, how="left", maintain_order="left"
    )
    return joined.with_columns(pl.col("requirements").fill_null([]))


def _numbers(before: int, digits: int) -> pl.Expr:
    """Numbers of the rows that follow ``before`` others, such as ``F-001``."""
    row = pl.int_range(before + 1, before + 1 + pl.len())
    return (pl.lit("F-") + row.cast(pl.String).str.zfill(digits)).alias("number")


class Texts:
    """Cache of texts by id, loaded when a batch needs them and emptied when it holds too many."""

    def __init__(self, organization: str) -> None:
        self._organization = organization
        self._known = pl.DataFrame(schema=_TEXTS_SCHEMA)

    def of(self, session: LakeSession, text_ids: list[str]) -> pl.DataFrame:
        """A frame with the texts of these ids."""
        missing = sorted(set(text_ids).difference(self._known["text_id"]))
        if missing:
            kept = self._known if self._known.height < _TEXTS_HELD else self._known.clear()
            wanted = missing if kept.height else sorted(set(text_ids))
            loaded = session.fetch("texts", {"organization": self._organization, "text_ids": wanted})
            self._known = pl.concat([kept, loaded])
        return self._known


def requirements_of(relations: pl.DataFrame) -> pl.DataFrame:
    """Requirement ids of each tally key, in the framework's order."""
    ordered = relations.sort("ordinal", "requirement_id")
    return ordered.group_by(_RELATION_KEY).agg(
        pl.col("requirement_id").unique(maintain_order=True).alias("requirements")
    )
