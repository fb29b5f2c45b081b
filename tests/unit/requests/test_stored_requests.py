"""Several frameworks and the data of an earlier time in requests: parsed, stored and read again."""

from dataclasses import replace
from datetime import UTC, datetime

from policycortex.requests import Known, parse_request, request_from_json, request_to_json
from policycortex.requests.basis import DataBasis
from policycortex.requests.model import framework_ids
from policycortex.requests.schedules import request_at

NOW = datetime(2026, 11, 5, 8, tzinfo=UTC)
KNOWN = Known(frameworks=("soc2", "hipaa"))


def test_a_schedule_requests_several_frameworks() -> None:
    """Each tick's request has both, under one id where one is expected."""
    body = {
        "report_template": {
            "type": "compliance",
            "frameworks": ["soc2", "hipaa"],
            "scope": {"date_range_type": "last_month"},
        }
    }
    request = request_at(
        body, name="Monthly", description="", zone="UTC", organization="default", tick=NOW, known=KNOWN
    )
    assert (request.framework, framework_ids(request)) == ("soc2+hipaa", ("soc2", "hipaa"))


def test_a_stored_request_is_read_as_it_was() -> None:
    """With its frameworks, its time and its basis; a request without them stores no such keys."""
    body = {"name": "Known", "type": "audit", "frameworks": ["soc2", "hipaa"], "known_on": "2026-11-02", "scope": {}}
    request = parse_request(body, organization="default", now=NOW, known=KNOWN)
    assert request.known_on == datetime(2026, 11, 2, 23, 59, 59, 999999, tzinfo=UTC)
    assert request_from_json(request_to_json(request)) == request
    basis = DataBasis(
        snapshot="7", known_at=NOW, report_id="rpt_1", frameworks={"soc2": "1"}, carry_days=35, summary={}
    )
    plain = parse_request(
        {"name": "Plain", "type": "audit", "framework": "soc2", "scope": {}},
        organization="default",
        now=NOW,
        known=KNOWN,
    )
    assert not {"frameworks", "known_on", "basis"} & set(request_to_json(plain))
    stored = request_to_json(plain) | {"basis": request_to_json(replace(plain, basis=basis))["basis"]}
    assert request_from_json(stored).basis == basis
