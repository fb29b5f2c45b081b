"""Backfills through Dagster's GraphQL interface: its UI shows them, and its daemon continues them after a crash."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from api.platform.backfills import BackfillState, BackfillStatus
from api.platform.dagster_graphql import DagsterClient
from api.platform.dagster_location import add_partition, find_location
from policycortex.errors import NotFoundError, Problem, RequestError, UnavailableError
from policycortex.names import (
    FRAMEWORK_PARTITIONS,
    MONTH_PARTITIONS,
    TAG_BACKFILL,
    TAG_ORGANIZATION,
    TAG_PRIORITY,
    RunPriority,
)
from policycortex.period import whole_months
from policycortex.requests.backfill_body import BackfillRequest
from policycortex.settings import Settings

_DAYS: Final = (
    "core/finding_state", "core/scan_coverage", "marts/check_tallies", "marts/requirement_results",
    "marts/framework_scores", "core/failing_since", "marts/remediations", "marts/risk", "marts/changes",
    "core/poam_items",
)  # fmt: skip
"""Assets by day; a test compares them with Dagster's definitions."""
_MONTHLY: Final = "reports/standing"

_START: Final = """mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on Error { message } } }"""
_KEYS: Final = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { __typename
  ... on AssetNode { partitionKeys } } }"""
_DIMENSIONS: Final = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { __typename
  ... on AssetNode { partitionKeysByDimension { name partitionKeys } } } }"""
_FIND: Final = """query($id: String!) { partitionBackfillOrError(backfillId: $id) { __typename
  ... on PartitionBackfill { id status timestamp endTimestamp tags { key value } error { message }
    assetBackfillData { assetBackfillStatuses { __typename ... on AssetPartitionsStatusCounts {
      numPartitionsTargeted numPartitionsInProgress numPartitionsMaterialized numPartitionsFailed } } } }
  ... on Error { message } } }"""
_CANCEL: Final = """mutation($id: String!) { cancelPartitionBackfill(backfillId: $id) { __typename
  ... on Error { message } } }"""

_STATUS: Final[Mapping[str, BackfillStatus]] = {
    "REQUESTED": BackfillStatus.RUNNING,
    "COMPLETED": BackfillStatus.COMPLETED,
    "COMPLETED_SUCCESS": BackfillStatus.COMPLETED,
    "COMPLETED_FAILED": BackfillStatus.FAILED,
    "FAILED": BackfillStatus.FAILED,
    "FAILING": BackfillStatus.RUNNING,
    "CANCELING": BackfillStatus.RUNNING,
    "CANCELED": BackfillStatus.CANCELLED,
}


class DagsterBackfills:
    """Implements ``Backfills`` with Dagster's webserver. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._client = DagsterClient(settings)

    def start(self, request: BackfillRequest, *, organization: str, today: date) -> str:
        """See Backfills."""
        tags = {
            TAG_ORGANIZATION: organization,
            TAG_BACKFILL: _tag_value(request),
            TAG_PRIORITY: RunPriority.BACKFILL.value,
        }
        if request.frameworks:
            self._add_monthly_partitions(request, today)
        params = {
            "partitionsByAssets": self._selection(request, today),
            "tags": [{"key": key, "value": value} for key, value in tags.items()],
            "title": f"{request.start} to {request.end}",
        }
        answer = self._client.query(_START, {"params": params})["launchPartitionBackfill"]
        if answer["__typename"] != "LaunchBackfillSuccess":
            raise UnavailableError(
                f"Dagster did not start the backfill: {answer.get('message') or answer['__typename']}"
            )
        return str(answer["backfillId"])

    def _add_monthly_partitions(self, request: BackfillRequest, today: date) -> None:
        """The frameworks, and those months of the request that no report was offered for."""
        location = find_location(self._client)
        for framework_id in request.frameworks:
            add_partition(self._client, location, FRAMEWORK_PARTITIONS, framework_id)
        node = self._client.query(_DIMENSIONS, {"key": {"path": _MONTHLY.split("/")}})["assetNodeOrError"]
        known = {key for each in node.get("partitionKeysByDimension", ()) for key in each["partitionKeys"]}
        for month in _months(request, today):
            if month not in known:
                add_partition(self._client, location, MONTH_PARTITIONS, month)

    def _selection(self, request: BackfillRequest, today: date) -> list[dict[str, Any]]:
        """The scanned days of each daily asset, and the months of each framework. Raises RequestError for neither."""
        node = self._client.query(_KEYS, {"key": {"path": _DAYS[0].split("/")}})["assetNodeOrError"]
        if "partitionKeys" not in node:
            raise UnavailableError(f"Dagster has no asset {_DAYS[0]}")
        first, last = request.start.isoformat(), request.end.isoformat()
        days = _ranges(node["partitionKeys"], lambda key: first <= key <= last)
        wanted = [(name, days) for name in _DAYS if days]
        if months := _months(request, today) if request.frameworks else ():
            keys = [f"{framework_id}|{month}" for framework_id in request.frameworks for month in months]
            wanted.append((_MONTHLY, [{"start": key, "end": key} for key in keys]))  # whatever Dagster's order is
        if not wanted:
            message = f"Nothing was scanned from {first} to {last}, and no monthly report is asked for"
            raise RequestError(message, details=(Problem(field="start", message=message),))
        return [{"assetKey": {"path": name.split("/")}, "partitions": {"ranges": each}} for name, each in wanted]

    def find(self, backfill_id: str, *, organization: str) -> BackfillState:
        """See Backfills."""
        found = self._client.query(_FIND, {"id": backfill_id})["partitionBackfillOrError"]
        tags = {tag["key"]: tag["value"] for tag in found.get("tags") or ()}
        if found["__typename"] == "PythonError":
            raise UnavailableError(f"Dagster cannot read the backfill: {found['message']}")
        if tags.get(TAG_ORGANIZATION) != organization or TAG_BACKFILL not in tags:
            raise NotFoundError(f"no backfill {backfill_id}")
        return _state(found, tags[TAG_BACKFILL])

    def cancel(self, backfill_id: str, *, organization: str) -> None:
        """See Backfills."""
        self.find(backfill_id, organization=organization)
        answer = self._client.query(_CANCEL, {"id": backfill_id})["cancelPartitionBackfill"]
        if answer["__typename"] != "CancelBackfillSuccess":
            raise UnavailableError(f"Dagster did not cancel the backfill: {answer.get('message')}")

    def close(self) -> None:
        """See Backfills."""
        self._client.close()


def _months(request: BackfillRequest, today: date) -> tuple[str, ...]:
    """First days of the whole closed months of the request."""
    closed = whole_months(request.start, min(request.end, today.replace(day=1) - timedelta(days=1)))
    return tuple(month.isoformat() for month in closed)


def _ranges(keys: Sequence[str], is_wanted: Callable[[str], bool]) -> list[dict[str, str]]:
    """The wanted keys as ranges of Dagster, which follow its order of all keys."""
    found = [list(group) for wanted, group in groupby(keys, key=is_wanted) if wanted]
    return [{"start": group[0], "end": group[-1]} for group in found]


def _tag_value(request: BackfillRequest) -> str:
    """The request as one tag value: start, end, frameworks."""
    return f"{request.start}..{request.end} {','.join(request.frameworks)}".strip()


def _state(found: Mapping[str, Any], tag_value: str) -> BackfillState:
    span, _, frameworks = tag_value.partition(" ")
    start, _, end = span.partition("..")
    counts = [row for row in (found.get("assetBackfillData") or {}).get("assetBackfillStatuses", []) if len(row) > 1]
    ended = found.get("endTimestamp")
    return BackfillState(
        id=found["id"],
        status=_STATUS[found["status"]],
        start=date.fromisoformat(start),
        end=date.fromisoformat(end),
        frameworks=tuple(frameworks.split(",")) if frameworks else (),
        created_at=datetime.fromtimestamp(found["timestamp"], UTC),
        ended_at=datetime.fromtimestamp(ended, UTC) if ended else None,
        targeted=sum(row["numPartitionsTargeted"] for row in counts),
        in_progress=sum(row["numPartitionsInProgress"] for row in counts),
        done=sum(row["numPartitionsMaterialized"] for row in counts),
        failed=sum(row["numPartitionsFailed"] for row in counts),
        failure=(found.get("error") or {}).get("message"),
    )
