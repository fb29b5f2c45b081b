"""Callers without a key: limited by address, while keys work on, and their guesses fill no audit log."""

from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from policycortex.audit import refusals
from policycortex.audit.chain import NO_ORGANIZATION, AuditEvent, AuditOutcome
from policycortex.audit.refusals import RefusalSummaries
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex.workflow.audit_export import check_audit_log
from tests.support.api_server import NO_TLS, FakeRunLauncher, serve

OPEN_PATHS = ("/v1/links/lnk_guess", "/readyz", "/metrics", "/docs", "/openapi.json", "/nothing", "/v1/nothing")
_GUESS = {"Authorization": "Bearer sk_live_guess"}


def test_guesses_are_limited_and_summed_up(tmp_path: Path) -> None:
    """Attack: 300 guesses of keys and links, and calls of every path without a key, from one address.

    Five pass in the minute. Liveness and valid keys are not limited. The audit log has two records: the first refusal
    and the number of the others.
    """
    settings = Settings(home=tmp_path, anonymous_rate_limit="5/hour")
    with closing(open_registry(settings)) as registry:
        _, token = registry.keys.create_key(organization="default", name="x")
    for url in serve(create_app(settings, launcher=FakeRunLauncher())):
        with httpx.Client(base_url=url, trust_env=False, verify=NO_TLS, timeout=60) as client:
            answers = [client.get(f"/v1/links/lnk_{n}") for n in range(5)]
            assert Counter(answer.status_code for answer in answers) == {404: 5}
            answers = [client.get("/v1/reports", headers=_GUESS) for _ in range(288)]
            answers += [client.get(path, headers=headers) for path in OPEN_PATHS for headers in ({}, _GUESS)]
            assert Counter(answer.status_code for answer in answers) == {429: 302}
            for answer in answers[-2:]:
                assert answer.json()["error_code"] == "RPT_015"
                assert 1 <= int(answer.headers["Retry-After"]) <= 720
            assert client.get("/healthz").status_code == 200
            assert client.get("/v1/reports", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    with closing(open_registry(settings)) as registry:
        first, summary = registry.audit_log.read_records(NO_ORGANIZATION)
        assert (first.action, first.outcome, first.address) == ("link_used", "refused", "127.0.0.1")
        assert (summary.action, summary.outcome, summary.actor) == ("requests_refused", "refused", "nobody")
        assert summary.details["codes"] == {"RPT_002": 4, "RPT_015": 292}
        assert summary.details["count"] == 296
        assert check_audit_log(settings, registry, NO_ORGANIZATION) == ()


def test_refusals_of_many_addresses_share_a_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack: guesses from more addresses than are counted apart. The organisations' own events are not counted."""
    monkeypatch.setattr(refusals, "_MOST_ADDRESSES", 3)
    written: list[AuditEvent] = []
    summaries = RefusalSummaries(written.append)
    single = [summaries.is_counted(_refused(f"192.0.2.{number % 8}")) for number in range(16)]
    assert single.count(False) == 3
    assert not summaries.is_counted(_refused("192.0.2.1", organization="acme"))
    summaries.close()
    assert sorted((event.address or "", event.details["count"]) for event in written) == [
        ("", 10), ("192.0.2.0", 1), ("192.0.2.1", 1), ("192.0.2.2", 1),
    ]  # fmt: skip


def _refused(address: str, organization: str = NO_ORGANIZATION) -> AuditEvent:
    return AuditEvent(
        organization=organization,
        at=datetime(2026, 1, 1, tzinfo=UTC),
        action="reports_listed",
        actor="nobody",
        address=address,
        outcome=AuditOutcome.REFUSED,
        details={"code": "RPT_004"},
    )
