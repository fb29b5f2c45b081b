"""Keys and links: shown once, stored as digests, ended permanently."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policycortex.errors import ConflictError, NotFoundError, RequestError
from policycortex.names import ReportFormat, ReportType
from policycortex.storage.registry import LinkRow, Registry, open_registry
from tests.support.backends import Backend

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def registry(backend: Backend, tmp_path: Path) -> Iterator[Registry]:
    """An empty registry."""
    opened = open_registry(backend.settings(tmp_path))
    yield opened
    opened.close()


def test_a_key_is_found_by_its_secret_alone(registry: Registry, tmp_path: Path) -> None:
    """Its format is right, it is found, and its text is not in the database's files."""
    key, token = registry.keys.create_key(organization="default", name="CI", now=NOW)
    assert token.startswith("sk_live_")
    assert len(token) == 46
    assert registry.keys.find_key(token) == key
    registry.close()
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or token.encode() not in file.read_bytes()


@pytest.mark.parametrize(
    "change", [str.lower, lambda t: t[:-1] + ("0" if t[-1] != "0" else "1"), lambda t: t + "x", lambda _: "é" * 46]
)
def test_a_changed_secret_is_no_key(registry: Registry, change: object) -> None:
    """Other case, a wrong checksum, another length, other letters."""
    _, token = registry.keys.create_key(organization="default", name="CI")
    assert callable(change)
    assert registry.keys.find_key(change(token)) is None


def test_the_sandbox_has_its_own_keys(registry: Registry) -> None:
    """sk_test_ for the sandbox organisation only."""
    assert registry.keys.create_key(organization="sandbox", name="x")[1].startswith("sk_test_")


def test_keys_end_by_time_and_by_revocation(registry: Registry) -> None:
    """Valid before, not at or after; revoking twice keeps the first time."""
    key, _ = registry.keys.create_key(organization="default", name="x", expires_at=NOW, now=NOW - timedelta(days=1))
    assert key.is_valid_at(NOW - timedelta(seconds=1))
    assert not key.is_valid_at(NOW)
    assert registry.keys.revoke_key(key.id, now=NOW)[0].revoked_at == NOW
    assert registry.keys.revoke_key(key.id, now=NOW + timedelta(days=1))[0].revoked_at == NOW
    with pytest.raises(NotFoundError):
        registry.keys.revoke_key("key_unknown")


def test_rotation_overlaps(registry: Registry) -> None:
    """Old and new both work for the overlap, then only the new; an ended key cannot be rotated."""
    old, _ = registry.keys.create_key(organization="default", name="x", scopes=["admin"], now=NOW)
    new, token = registry.keys.rotate_key(old.id, overlap=timedelta(hours=1), now=NOW)
    after = NOW + timedelta(hours=1)
    assert (new.name, new.scopes) == ("x", frozenset({"admin"}))
    assert registry.keys.get_key(old.id).is_valid_at(after - timedelta(seconds=1))
    assert not registry.keys.get_key(old.id).is_valid_at(after)
    found = registry.keys.find_key(token)
    assert found is not None
    assert found.is_valid_at(after)
    with pytest.raises(ConflictError):
        registry.keys.rotate_key(old.id, now=after)


def test_last_use_is_kept_to_the_minute(registry: Registry) -> None:
    """Written at first, not within a minute, then again."""
    key, _ = registry.keys.create_key(organization="default", name="x", now=NOW)
    for seconds, kept in ((0, 0), (59, 0), (60, 60)):
        registry.keys.note_key_use(registry.keys.get_key(key.id), now=NOW + timedelta(seconds=seconds))
        assert registry.keys.get_key(key.id).last_used_at == NOW + timedelta(seconds=kept)


def test_all_problems_of_a_key_are_reported_together(registry: Registry) -> None:
    """Unknown scope, blank name, and an invalid network."""
    with pytest.raises(RequestError) as caught:
        registry.keys.create_key(organization="default", name=" ", scopes=["reports:reed"], networks=["10.0.0.0/99"])
    assert [problem.field for problem in caught.value.details] == ["scopes", "name", "networks"]


def _link(registry: Registry, *, is_one_time: bool) -> tuple[LinkRow, str]:
    report = registry.reports.create_report(
        organization="default", name="x", type=ReportType.AUDIT, framework=None, description="", order={}
    )
    return registry.links.create_link(
        organization="default",
        report_id=report.id,
        format=ReportFormat.PDF,
        expires_at=NOW + timedelta(hours=1),
        is_one_time=is_one_time,
        created_by=None,
        now=NOW,
    )


def test_a_link_is_valid_until_its_end(registry: Registry) -> None:
    """Valid before its end; not found at its end, for unknown tokens, and after revocation."""
    link, token = _link(registry, is_one_time=False)
    assert registry.links.find_link(token, now=NOW) == link
    for bad, moment in ((token, NOW + timedelta(hours=1)), (token + "x", NOW), ("", NOW)):
        with pytest.raises(NotFoundError):
            registry.links.find_link(bad, now=moment)
    assert registry.links.revoke_links(link.report_id, now=NOW) == 1
    with pytest.raises(NotFoundError):
        registry.links.find_link(token, now=NOW)


def test_a_one_time_link_serves_once(registry: Registry) -> None:
    """The second use fails even when both found it before."""
    link, token = _link(registry, is_one_time=True)
    registry.links.use_link(link, now=NOW)
    with pytest.raises(NotFoundError):
        registry.links.use_link(link, now=NOW)
    with pytest.raises(NotFoundError):
        registry.links.find_link(token, now=NOW)
