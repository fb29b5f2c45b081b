"""A mail that promises files brings them: what cannot be attached or linked is refused when it is requested."""

from contextlib import closing
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from policycortex.channels.connections import load_connections
from policycortex.errors import RequestError
from policycortex.requests.single_deliveries import check_sizes, deliveries_ordered, parse_delivery_request
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex.workflow.outbox import deliver_due
from policycortex.workflow.scheduling import create_schedule
from tests.support.ledger import (
    MONTHLY,
    NOW,
    PDF,
    Clock,
    complete_report,
    mail_connection,
    order_report,
    rows_of,
    settings_of,
)
from tests.support.receivers import Mailbox

_MAIL: dict[str, Any] = {"email": {"recipients": ["ceo@company.com"]}}


def _without_address(settings: Settings) -> Settings:
    return settings.model_copy(update={"public_url": None})


def test_a_mail_that_can_hold_neither_files_nor_links_is_refused_when_it_is_requested(tmp_path: Path) -> None:
    """Attachments are off and there is no public address; with one, the mail holds links."""
    linked = settings_of(tmp_path, {"mail": mail_connection(1, attachment_limit_mb=0)})
    bare = _without_address(linked)
    with closing(open_registry(linked)) as registry:
        body = deepcopy(MONTHLY) | {"delivery": _MAIL}
        with pytest.raises(RequestError) as caught:
            create_schedule(bare, registry, body, organization="default", created_by=None, now=NOW)
        assert [problem.field for problem in caught.value.details] == ["delivery"]
        assert "POLICYCORTEX_PUBLIC_URL" in caught.value.details[0].message
        assert create_schedule(linked, registry, body, organization="default", created_by=None, now=NOW).is_enabled
    with pytest.raises(RequestError):
        deliveries_ordered({"delivery": _MAIL}, connections=load_connections(bare), organization="default")
    assert deliveries_ordered({"delivery": _MAIL}, connections=load_connections(linked), organization="default")


def test_a_report_that_is_too_large_is_refused_when_its_delivery_is_requested(tmp_path: Path) -> None:
    """The size of an existing report is known: 1.1 MB against a limit of 1 MB."""
    bare = _without_address(settings_of(tmp_path, {"mail": mail_connection(1, attachment_limit_mb=1)}))
    connections = load_connections(bare)
    body = {"report_id": "rpt_1", "delivery": _MAIL}
    _, new = parse_delivery_request(body, connections=connections, organization="default")
    check_sizes(new, connections, 1_000_000)
    with pytest.raises(RequestError) as caught:
        check_sizes(new, connections, 1_100_000)
    (problem,) = caught.value.details
    assert problem.field == "delivery.email"
    assert problem.message.startswith("the files of 1.1 MB are not attached above 1 MB")
    check_sizes(new, load_connections(bare.model_copy(update={"public_url": "https://reports.example.com"})), 1_100_000)


def test_a_report_that_turns_out_too_large_fails_with_the_reason(tmp_path: Path, box: Mailbox) -> None:
    """Nobody knew the size when the schedule was made."""
    limit = len(PDF) / 2 / 1_000_000
    bare = _without_address(settings_of(tmp_path, {"mail": mail_connection(box.port, attachment_limit_mb=limit)}))
    with closing(open_registry(bare)) as registry:
        report = order_report(bare, registry, _MAIL)
        complete_report(bare, registry, report.id)
        assert deliver_due(bare, clock=Clock()).outcomes == {"refused": 1}
        assert "without POLICYCORTEX_PUBLIC_URL there are no links" in rows_of(registry)["ceo@company.com"].reason
    assert box.messages == []
