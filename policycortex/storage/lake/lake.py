"""The lake: findings and what is counted of them, in DuckLake. The one door to DuckDB; other rooms call ``Lake``.

Embedded: SQLite catalog and Parquet under ``<home>/lake``. Production: Postgres catalog, data under ``lake_url``.
Readers see one committed snapshot per call and never wait; writers are serialised across processes.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime
from pathlib import Path

import polars as pl

from policycortex.errors import ConfigurationError
from policycortex.findings.model import FindingParser
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.settings import Settings
from policycortex.storage.lake import findings as lake_findings
from policycortex.storage.lake import findings_export as lake_spool
from policycortex.storage.lake import imports as lake_imports
from policycortex.storage.lake import period_end as lake_closing
from policycortex.storage.lake import reconciliation as lake_reconciliation
from policycortex.storage.lake import results as lake_results
from policycortex.storage.lake import schema as lake_schema
from policycortex.storage.lake import state as lake_state
from policycortex.storage.lake.analytics import LakeAnalytics
from policycortex.storage.lake.attach import NoLakeError, connect_lake, create_lake, scratch_dir
from policycortex.storage.lake.catalog_copy import keep_catalog
from policycortex.storage.lake.column_statistics import forget_statistics
from policycortex.storage.lake.imports import ImportReceipt, Source
from policycortex.storage.lake.lock import writer_lock
from policycortex.storage.lake.results import DayResults
from policycortex.storage.lake.session import LakeSession, sql
from policycortex.storage.lake.state import DayCounts

__all__ = ["DayCounts", "DayResults", "ImportReceipt", "Lake", "Source", "open_lake"]


@contextmanager
def open_lake(settings: Settings, *, snapshot: str | None = None) -> Iterator["Lake"]:
    """The lake of this installation, its tables made if need be; at ``snapshot`` it is read-only and as it was then.

    Keep it open while there is work: attaching costs about 0.2 s. Never carry it over a fork.
    Raises ConfigurationError for a home that cannot be used, StoreBusyError for one that somebody holds.
    """
    session = _open_session(settings, snapshot)
    try:
        yield Lake(session)
    finally:
        session.close()


class Lake:
    """One attached lake. Safe to share between threads: each call has its own cursor."""

    def __init__(self, session: LakeSession) -> None:
        self._session = session

    def snapshot(self) -> str:
        """Number of the newest snapshot, or of the one this lake is read at."""
        return str(self._session.fetch("snapshot")["id"].item())

    def at(self, snapshot: str) -> AbstractContextManager["Lake"]:
        """This lake as it was at ``snapshot``, read-only: all reads of a report see the same rows."""
        return open_lake(self._session.settings, snapshot=snapshot)

    @property
    def session(self) -> LakeSession:
        """The connection, for what moves and tends the lake as a whole."""
        return self._session

    @property
    def analytics(self) -> LakeAnalytics:
        """What trends, risk and comparison keep and read, over this lake's connection."""
        return LakeAnalytics(self._session)

    def import_source(
        self,
        source: Source,
        parser: FindingParser,
        *,
        format_name: str,
        organization: str,
        imported_at: datetime,
        progress: Callable[[int], None] | None = None,
    ) -> ImportReceipt:
        """Take one file in, all of it or nothing. The same bytes again change nothing and return the first receipt.

        ``progress`` is told the number of records read so far, once per some thousand. Raises InputError when the
        parser does, or when no finding could be kept; StoreBusyError when another writer holds the lake.
        """
        return lake_imports.import_source(
            self._session,
            source,
            parser,
            format_name=format_name,
            organization=organization,
            imported_at=imported_at,
            progress=progress,
        )

    def rebuild_state(
        self, days: Iterable[date], account_environments: Mapping[str, str] | None = None
    ) -> tuple[DayCounts, ...]:
        """Replace finding_state, scan_coverage and check_tallies of these days, of all organisations; counts per day.

        A day is one transaction. Environment: the resource's tag, else ``account_environments``, else ``unknown``.
        """
        return lake_state.rebuild_state(self._session, days, account_environments or {})

    def load_stale_days(self, first: date, last: date) -> tuple[date, ...]:
        """UTC days from ``first`` to ``last``, both in, that imports have touched since they were last rebuilt."""
        return lake_state.load_stale_days(self._session, first, last)

    def load_organizations(self) -> tuple[str, ...]:
        """Organisations that have imported findings, sorted."""
        return tuple(self._session.fetch("organizations")["organization"].to_list())

    def load_import_ids(self, organization: str, first: date, last: date) -> tuple[str, ...]:
        """Imports of the organisation that may have brought findings of those days, both in; sorted.

        An id is a digest of the file's content, so equal ids mean equal findings.
        """
        window = {"organization": organization, "first_date": first, "last_date": last}
        return tuple(self._session.fetch("import_ids", window)["import_id"].to_list())

    def replace_results(self, organization: str, days: Collection[date], results: Sequence[DayResults]) -> None:
        """Keep these judgements of ``days`` instead of all earlier ones, in one transaction.

        A day without results keeps no judgement: it has no scans.
        """
        lake_results.replace_results(self._session, organization, days, results)

    def load_tallies(self, scope: Scope, period: Period) -> pl.DataFrame:
        """Tallies of the period's closing posture, TALLY_SCHEMA.

        For every source and account each check's newest scan in the period counts, with all its findings there; the
        scope's filters come after that choice.
        """
        return lake_closing.load_tallies(self._session, scope, period)

    def load_daily_tallies(self, scope: Scope, period: Period) -> pl.DataFrame:
        """Each day's own closing posture: ``observed_date``, then TALLY_SCHEMA; days without scans have no rows."""
        return lake_closing.load_daily_tallies(self._session, scope, period)

    def load_mappings(self, organization: str) -> pl.DataFrame:
        """What the organisation's findings themselves name, MAPPING_SCHEMA."""
        return lake_closing.load_mappings(self._session, organization)

    def load_scan_coverage(self, scope: Scope, period: Period) -> pl.DataFrame:
        """Sources and accounts of the closing posture, COVERAGE_SCHEMA."""
        return lake_closing.load_scan_coverage(self._session, scope, period)

    def load_check_facts(self, scope: Scope, period: Period, check_ids: Collection[str]) -> pl.DataFrame:
        """Texts of these checks in the closing posture, CHECK_FACTS_SCHEMA."""
        return lake_closing.load_check_facts(self._session, scope, period, check_ids)

    def observed_dates(self, organization: str, period: Period) -> tuple[date, ...]:
        """UTC dates of the period on which the organisation has findings, in order."""
        return lake_closing.load_observed_dates(self._session, organization, period)

    def load_import_digests(self, organization: str, period: Period) -> tuple[tuple[str, str, str, int], ...]:
        """Name, SHA-256, format and kept findings of the files that brought findings of these days, by digest."""
        return lake_closing.load_import_digests(self._session, organization, period)

    def load_waived(self, scope: Scope, period: Period, waivers: pl.DataFrame) -> pl.DataFrame:
        """Failing, unmuted findings of the closing posture that waivers (WAIVERS_SCHEMA) cover; WAIVED_SCHEMA."""
        return lake_findings.load_waived(self._session, scope, period, waivers)

    def load_daily_waived(self, scope: Scope, period: Period, waivers: pl.DataFrame) -> pl.DataFrame:
        """The same of each day's own closing posture and waivers (DAILY_WAIVERS_SCHEMA): day, then WAIVED_SCHEMA."""
        return lake_findings.load_daily_waived(self._session, scope, period, waivers)

    def spool_findings(
        self,
        scope: Scope,
        period: Period,
        *,
        path: Path,
        relations: pl.DataFrame | None = None,
        framework_id: str | None = None,
        waivers: pl.DataFrame | None = None,
    ) -> int:
        """Write the closing posture's findings in scope to one Parquet file, FINDING_COLUMNS in order; their number.

        ``relations`` (RELATIONS_SCHEMA) keeps only findings it names and lists their requirements in framework order;
        None keeps all. ``waived`` is true where waivers that hold for ``framework_id`` reach every listed requirement
        (without relations: where a waiver names neither framework nor requirement).
        """
        return lake_spool.spool_findings(
            self._session,
            scope,
            period,
            path=path,
            relations=relations,
            framework_id=framework_id,
            waivers=waivers,
        )

    def load_dimensions(self, spooled: Path) -> pl.DataFrame:
        """Account, service, environment, provider and region counts of spooled findings, DIMENSION_SCHEMA."""
        return lake_findings.load_dimensions(self._session, spooled)

    def load_failing_checks(self, scope: Scope, period: Period, spooled: Path) -> pl.DataFrame:
        """Failing checks of spooled findings with their texts, FAILING_CHECKS_SCHEMA."""
        return lake_findings.load_failing_checks(self._session, scope, period, spooled)

    def load_check_counts(self, spooled: Path) -> pl.DataFrame:
        """All spooled findings counted by check, CHECK_COUNTS_SCHEMA."""
        return lake_findings.load_check_counts(self._session, spooled)

    def load_waiver_counts(self, spooled: Path, waivers: pl.DataFrame, framework_id: str | None) -> pl.DataFrame:
        """``waiver_id`` and how many spooled failing, unmuted ``findings`` each of ``waivers`` reaches."""
        return lake_findings.load_waiver_counts(self._session, spooled, waivers, framework_id)

    def load_owners(self, scope: Scope, period: Period, spooled: Path) -> pl.DataFrame:
        """Owners of spooled failing resources by check, from the resources' tags, OWNERS_SCHEMA."""
        return lake_findings.load_owners(self._session, scope, period, spooled)

    def load_framework_scores(self, organization: str, framework_id: str, period: Period) -> pl.DataFrame:
        """Scores kept by ``replace_results``: ``observed_date``, then SCORES_SCHEMA, oldest first."""
        return lake_results.load_framework_scores(self._session, organization, framework_id, period)

    def load_days_judged_otherwise(self, organization: str, versions: Mapping[str, str]) -> tuple[date, ...]:
        """Tallied days whose kept judgements are not exactly these frameworks, id to recorded version; in order."""
        return lake_results.load_days_judged_otherwise(self._session, organization, versions)

    def forget_statistics(self) -> int:
        """Delete the catalog's notes on columns that find no files, which only make answers slower; their number."""
        with writer_lock(self._session.settings), self._session.cursor() as cursor:
            return forget_statistics(cursor, self._session.settings)

    def load_import_totals(self) -> pl.DataFrame:
        """Per import: receipt's read, kept, quarantined beside the stored rows, and ``is_reconciled``."""
        return lake_reconciliation.load_import_totals(self._session)

    def load_quarantined(
        self, organization: str, *, file_name: str = "", row_limit: int = 1000, text_length: int = 200
    ) -> pl.DataFrame:
        """Records that could not be kept (QUARANTINED_SCHEMA), newest import first, in the file's order.

        Of all files, or of those called ``file_name``; at most ``row_limit``, texts cut to ``text_length``.
        """
        return lake_reconciliation.load_quarantined(
            self._session, organization, file_name=file_name, row_limit=row_limit, text_length=text_length
        )

    def load_reconciliation(self, days: Iterable[date]) -> pl.DataFrame:
        """Per organisation and day: findings as core, state, coverage and tallies hold them, and ``is_reconciled``."""
        return lake_reconciliation.load_reconciliation(self._session, days)


def _open_session(settings: Settings, snapshot: str | None) -> LakeSession:
    _make_folders(settings)
    try:
        connection = connect_lake(settings, snapshot=snapshot)
    except NoLakeError:
        if snapshot is not None:
            raise
        with writer_lock(settings):
            create_lake(settings)
        connection = connect_lake(settings)
    session = LakeSession(connection, settings, snapshot=snapshot)
    try:
        if snapshot is None:
            lake_schema.ensure_schema(session, lake_schema.found_version(session))
        else:
            keep_catalog(connection, settings)
        with session.cursor() as cursor:
            for statement in cursor.extract_statements(sql("closing_macros")):
                cursor.execute(statement)
    except BaseException:
        session.close()
        raise
    return session


def _make_folders(settings: Settings) -> None:
    folder = scratch_dir(settings)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"cannot write to {folder}: {error.strerror}; check the folder's permissions"
        ) from None
