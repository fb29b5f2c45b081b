"""From the body of a request to the report that is ordered, with the data that it is made from.

Most reports are made from the newest data. One with ``from_report`` is made from the data of that report, one with
``known_on`` from what was known then.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from policycortex.channels.connections import Connections
from policycortex.errors import ConflictError, DataNotKeptError, IntegrityError
from policycortex.frameworks.fingerprint import recorded_version
from policycortex.frameworks.model import Framework
from policycortex.names import CrosswalkEdition, ReportStatus
from policycortex.period import Period
from policycortex.requests import Known, ReportRequest, parse_request, request_from_json
from policycortex.requests.basis import DataBasis
from policycortex.requests.like_body import parse_request_like, source_id
from policycortex.requests.model import framework_ids
from policycortex.scoring.models import MODELS
from policycortex.scoring.risk_model import RISK_VERSION
from policycortex.settings import Settings
from policycortex.storage.known_frameworks import framework_known_at, framework_of_version
from policycortex.storage.registry import Registry, ReportRow, Sharing


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedReport:
    """A checked request, and who may see its report."""

    request: ReportRequest
    sharing: Sharing = field(default_factory=Sharing)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeWith:
    """What decided the figures of a report besides its request and its snapshot; the registry keeps it."""

    known_at: datetime
    """Until when data, waivers and attestations counted."""
    frameworks: Mapping[str, str]
    """Recorded version of the reviewed edition, by framework."""
    carry_days: int
    is_protected: bool
    """Whether its files have a password."""

    def to_json(self) -> dict[str, Any]:
        """JSON types only."""
        return {
            "known_at": self.known_at.isoformat(),
            "frameworks": dict(self.frameworks),
            "carry_days": self.carry_days,
            "is_protected": self.is_protected,
        }


def note_made_with(
    basis: DataBasis | None, framework: Framework | None, *, now: datetime, carry_days: int, is_protected: bool
) -> MadeWith:
    """What a report was made with at ``now``; of a combined ``framework`` the version of each part."""
    parts = () if framework is None else framework.parts or (framework,)
    return MadeWith(
        known_at=basis.known_at if basis else now,
        frameworks={part.id: recorded_version(part.in_edition(CrosswalkEdition.REVIEWED)) for part in parts},
        carry_days=carry_days,
        is_protected=is_protected,
    )


def parse_order(
    settings: Settings,
    registry: Registry,
    body: Mapping[str, Any],
    *,
    organization: str,
    now: datetime,
    known: Known,
    connections: Connections | None = None,
    reader: str | None = None,
) -> OrderedReport:
    """The ordered report. ``reader`` is the key that must see the report of ``from_report``; None sees all.

    Raises RequestError, NotFoundError and ConflictError for ``from_report``, DataNotKeptError.
    """
    if "from_report" in body:
        row = registry.reports.get_report(organization, source_id(body), reader=reader)
        basis = _basis_of(row)
        request = parse_request_like(
            body,
            request_from_json(row.order),
            basis,
            is_protected=bool((row.made_with or {}).get("is_protected")),
            now=now,
            known=known,
            connections=connections,
        )
        _check_kept(settings, registry, organization, basis)
        return OrderedReport(request=request, sharing=_sharing_like(row))
    request = parse_request(body, organization=organization, now=now, known=known, connections=connections)
    if request.known_on is None:
        return OrderedReport(request=request)
    return OrderedReport(request=_as_known(settings, registry, request, request.known_on))


def snapshot_known_on(settings: Settings, at: datetime, period: Period) -> str:
    """Number of the snapshot with what was known at that time, evaluated for the period. Raises DataNotKeptError."""
    # the lake's libraries take 60 MB, which only these requests need
    from policycortex.storage.lake.lake import open_lake  # noqa: PLC0415
    from policycortex.storage.lake.snapshots import KeptSnapshot, load_kept_snapshots, snapshot_known_at  # noqa: PLC0415
    from policycortex.workflow.report_days import days_read  # noqa: PLC0415

    span = days_read(settings, period)
    with open_lake(settings) as lake:

        def is_evaluated(snapshot: KeptSnapshot) -> bool:
            with lake.at(str(snapshot.number)) as past:
                return not past.state.load_stale_days(*span)

        kept = load_kept_snapshots(lake.session)
        return str(snapshot_known_at(kept, at, is_evaluated=is_evaluated).number)


def check_same_figures(basis: DataBasis, summary: Mapping[str, Any]) -> None:
    """Raises IntegrityError where a figure differs from that of the report that this one is made from."""
    different = _differing(basis.summary or {}, summary)
    if different:
        raise IntegrityError(
            f"the figures of report {basis.report_id} cannot be calculated again: {', '.join(different)} would differ, "
            "because the program or its settings changed since; request a report on the newest data"
        )


def _sharing_like(row: ReportRow) -> Sharing:
    """Who sees the report: those who see ``row``, also the key that requested it."""
    key_ids = row.sharing.key_ids
    if key_ids is None or row.created_by is None:
        return row.sharing
    return replace(row.sharing, key_ids=tuple(dict.fromkeys((*key_ids, row.created_by))))


def _as_known(settings: Settings, registry: Registry, request: ReportRequest, at: datetime) -> ReportRequest:
    for framework_id in framework_ids(request):
        framework_known_at(settings, registry, request.scope.organization, framework_id, at)
    snapshot = snapshot_known_on(settings, at, request.period)
    return replace(request, basis=DataBasis(snapshot=snapshot, known_at=at))


def _basis_of(row: ReportRow) -> DataBasis:
    """Raises ConflictError for a report that is not completed, DataNotKeptError for one that cannot be made again."""
    if row.status is ReportStatus.EXPIRED:
        raise DataNotKeptError(f"Report {row.id} has expired, and its data is not kept; request a new report")
    if row.status is not ReportStatus.COMPLETED or row.snapshot is None:
        raise ConflictError(f"Report {row.id} is {row.status.value}; only a completed report can be made again")
    _check_models(row)
    request, made = request_from_json(row.order), row.made_with or {}
    earlier = request.basis or DataBasis(snapshot=row.snapshot, known_at=row.started_at or row.created_at)
    return DataBasis(
        snapshot=row.snapshot,
        known_at=earlier.known_at,
        report_id=row.id,
        frameworks=made.get("frameworks", earlier.frameworks),
        carry_days=made.get("carry_days", earlier.carry_days),
        summary=row.summary,
    )


def _check_models(row: ReportRow) -> None:
    """Raises DataNotKeptError where this version of the program calculates by other models."""
    summary = row.summary or {}
    score, risk = summary.get("score") or {}, summary.get("risk") or {}
    versions = {model.name: model.version for model in MODELS}
    used = {(score.get("model"), score.get("model_version")), ("risk", risk.get("version", RISK_VERSION))}
    known = {*versions.items(), ("risk", RISK_VERSION)}
    for name, version in sorted((str(name), str(version)) for name, version in used - known):
        raise DataNotKeptError(
            f"Report {row.id} was calculated with version {version} of {name}, which this version of the program does "
            "not have; request a new report"
        )


def _check_kept(settings: Settings, registry: Registry, organization: str, basis: DataBasis) -> None:
    """Raises DataNotKeptError where the snapshot or a framework of the basis is gone."""
    from policycortex.storage.lake.lake import open_lake  # noqa: PLC0415 - as above
    from policycortex.storage.lake.snapshots import load_kept_snapshots  # noqa: PLC0415 - as above

    for framework_id, version in basis.frameworks.items():
        framework_of_version(settings, registry, organization, framework_id, version)
    with open_lake(settings) as lake:
        kept = {str(snapshot.number) for snapshot in load_kept_snapshots(lake.session)}
    if basis.snapshot not in kept:
        raise DataNotKeptError(
            f"The data of report {basis.report_id}, snapshot {basis.snapshot}, is not kept any more; request a new "
            "report"
        )


def _differing(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> list[str]:
    """Dotted names of values of ``before`` that differ in ``after``; what only ``after`` has does not count."""
    found: list[str] = []
    for name, value in before.items():
        place = f"{path}{name}"
        other = after.get(name)
        if isinstance(value, Mapping) and isinstance(other, Mapping):
            found += _differing(value, other, f"{place}.")
        elif value != other:
            found.append(place)
    return found
