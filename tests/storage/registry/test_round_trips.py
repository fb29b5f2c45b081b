"""Round trips of reads on Postgres; a lost connection is replaced."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from policycortex.names import ReportType
from policycortex.storage.registry import Registry, open_registry
from tests.support.backends import FleetBackend
from tests.support.postgres_relay import Relay, relayed


@pytest.fixture
def watched(fleet: FleetBackend, tmp_path: Path) -> Iterator[tuple[Registry, Relay]]:
    """An open registry, and the statements that it sends to Postgres."""
    with relayed(fleet.settings(tmp_path)) as (settings, relay):
        registry = open_registry(settings)
        yield registry, relay
        registry.close()


def _order(registry: Registry) -> str:
    made = registry.reports.create_report(
        organization="default", name="x", type=ReportType.AUDIT, framework=None, description="", order={}
    )
    return made.id


def test_a_read_has_no_transaction(watched: tuple[Registry, Relay]) -> None:
    """No BEGIN and no ROLLBACK: the check of the connection, then details 1, a key 1, a page and its total 2."""
    registry, relay = watched
    _, token = registry.keys.create_key(organization="default", name="x")
    report_id = _order(registry)
    relay.take()
    registry.reports.get_report("default", report_id)
    assert [text.split()[0] for text in relay.take()] == ["SELECT"] * 2
    registry.keys.find_key(token)
    assert [text.split()[0] for text in relay.take()] == ["SELECT"] * 2
    registry.reports.list_reports("default")
    assert [text.split()[0] for text in relay.take()] == ["SELECT"] * 3


def test_a_change_is_still_one_transaction(watched: tuple[Registry, Relay]) -> None:
    """The same connection read without a transaction before."""
    registry, relay = watched
    registry.keys.list_keys()
    relay.take()
    _order(registry)
    statements = relay.take()[1:]  # after the check of the connection
    assert statements[0].startswith("BEGIN")
    assert statements[-1] == "COMMIT"
    assert not any(text.startswith(("BEGIN", "COMMIT")) for text in statements[1:-1])


def test_a_stream_of_rows_has_its_transaction(watched: tuple[Registry, Relay]) -> None:
    """Postgres returns rows in batches only within a transaction."""
    registry, _ = watched
    _order(registry)
    assert registry.migration.describe_content()["reports"].rows == 1


def test_lost_connections_are_replaced(watched: tuple[Registry, Relay], fleet: FleetBackend) -> None:
    """All connections were cut while nobody used them: the next read finds new ones and answers."""
    registry, _ = watched
    report_id = _order(registry)
    fleet.postgres.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{fleet.databases[-1]}'"  # noqa: S608 - a name of the test's own
    )
    assert registry.reports.get_report("default", report_id).id == report_id
