"""A report request is read as documented, and all its problems are reported at once."""

import copy
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from policycortex.errors import RequestError
from policycortex.names import FindingsDetail, OscalVersion, ReportFormat, ReportType
from policycortex.period import Period
from policycortex.requests import Known, ReportRequest, parse_request, request_from_json, request_to_json

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
KNOWN = Known(frameworks={"soc2", "hipaa", "iso27001"})
DOCUMENTED: dict[str, Any] = {
    "name": "Monthly Security Assessment",
    "type": "audit",
    "framework": "iso27001",
    "description": "Monthly security audit for ISO 27001 compliance",
    "scope": {
        "environments": ["production", "staging"],
        "cloud_providers": ["aws", "azure", "gcp"],
        "date_range": {"start": "2024-01-01T00:00:00Z", "end": "2024-01-31T23:59:59Z"},
    },
    "format_options": {
        "formats": ["pdf", "excel"],
        "include_executive_summary": True,
        "include_detailed_findings": True,
    },
    "delivery": {
        "immediate": False,
        "scheduled_at": "2024-02-01T09:00:00Z",
        "notifications": {"email": ["compliance@company.com"]},
    },
}


def _parse(body: dict[str, Any]) -> ReportRequest:
    return parse_request(body, organization="acme", now=NOW, known=KNOWN)


def _with(path: str, value: object) -> dict[str, Any]:
    body: dict[str, Any] = copy.deepcopy(DOCUMENTED)
    *parents, last = path.split(".")
    inner = body
    for parent in parents:
        inner = inner.setdefault(parent, {})
    inner[last] = value
    return body


def _problems(body: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(RequestError) as caught:
        _parse(body)
    assert str(caught.value) == "Report configuration validation failed"
    return {problem.field: problem.message for problem in caught.value.details}


def test_the_documented_body_is_an_order() -> None:
    """Every field arrives; the end at 23:59:59 stands for the end of January."""
    order = _parse(DOCUMENTED)
    assert (order.type, order.framework, order.name) == (ReportType.AUDIT, "iso27001", DOCUMENTED["name"])
    assert order.period == Period(start=datetime(2024, 1, 1, tzinfo=UTC), end=datetime(2024, 2, 1, tzinfo=UTC))
    assert (order.scope.organization, order.scope.environments) == ("acme", ("production", "staging"))
    assert order.scope_as_given == DOCUMENTED["scope"]
    assert order.formats == (ReportFormat.PDF, ReportFormat.EXCEL)
    assert order.delivery.scheduled_at == datetime(2024, 2, 1, 9, tzinfo=UTC)
    assert order.delivery.emails == ("compliance@company.com",)


def test_an_order_survives_its_json() -> None:
    """What the row keeps makes the same order again."""
    order = _parse(DOCUMENTED)
    assert request_from_json(request_to_json(order)) == order


@pytest.mark.parametrize(
    ("word", "detail"), [(True, FindingsDetail.NOT_PASSING), ("all", FindingsDetail.ALL), (False, FindingsDetail.NONE)]
)
def test_detail_of_findings_is_a_boolean_or_all(word: object, detail: FindingsDetail) -> None:
    """true, "all" and false are three details; the stored form is the word of the API, as in rows of older versions."""
    body = {"name": "x", "type": "risk", "scope": {}, "format_options": {"include_detailed_findings": word}}
    order = _parse(body)
    assert order.detail is detail
    stored = request_to_json(order)
    assert stored["include_detailed_findings"] == word
    assert request_from_json(stored).detail is detail


@pytest.mark.parametrize("word", ["All", "some", 1, None])
def test_other_words_for_the_detail_are_refused(word: object) -> None:
    """Neither a number nor another word."""
    with pytest.raises(RequestError):
        _parse({"name": "x", "type": "risk", "scope": {}, "format_options": {"include_detailed_findings": word}})


def test_the_least_order_has_plain_defaults() -> None:
    """PDF, both parts, English, the last 30 days, everything in scope."""
    order = _parse({"name": "x", "type": "risk", "scope": {}})
    assert order.formats == (ReportFormat.PDF,)
    assert (order.include_executive_summary, order.detail, order.locale) == (True, FindingsDetail.NOT_PASSING, "en")
    assert order.period == Period(start=datetime(2026, 4, 20, tzinfo=UTC), end=datetime(2026, 5, 20, tzinfo=UTC))
    assert (order.framework, order.scope.environments, order.scope.accounts) == (None, (), ())


def test_relative_periods_are_resolved_in_their_zone_when_due() -> None:
    """Last month in New York begins at 04:00 UTC; a request for June covers May."""
    scope = {"date_range_type": "last_month", "timezone": "America/New_York"}
    body = {"name": "x", "type": "audit", "scope": scope}
    assert _parse(body).period.start == datetime(2026, 4, 1, 4, tzinfo=UTC)
    later = body | {"delivery": {"scheduled_at": "2026-06-10T00:00:00Z"}}
    assert _parse(later).period.start == datetime(2026, 5, 1, 4, tzinfo=UTC)


def test_an_order_for_later_may_begin_before_it_is_due() -> None:
    """The start lies in the future of the request, but not of the report."""
    body = _with("scope.date_range", {"start": "2026-06-01T00:00:00Z", "end": "2026-06-30T23:59:59Z"})
    body["delivery"] = {"scheduled_at": "2026-07-01T09:00:00Z"}
    assert _parse(body).period.first_date.isoformat() == "2026-06-01"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Anna.B@COMPANY.com", "Anna.B@company.com"),
        ("a@München.de", "a@xn--mnchen-3ya.de"),
        ("a@例え.jp", "a@xn--r8jz45g.jp"),
        ("a@straße.de", "a@xn--strae-oqa.de"),
    ],
)
def test_addresses_are_kept_as_mail_servers_compare_them(given: str, kept: str) -> None:
    """The domain in lower case and as punycode; the part before the @ as it is."""
    assert _parse(_with("delivery.notifications.email", [given])).delivery.emails == (kept,)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("ceo@company.con", "did you mean 'ceo@company.com'"),
        ("ceo@company.ogr", "did you mean 'ceo@company.org'"),
        ("müller@company.com", "before the @"),
        ("a@-x-.ü", "no valid domain"),
    ],
)
def test_a_mistyped_address_is_refused_with_the_reason(address: str, reason: str) -> None:
    """Before it can fail with every report."""
    (message,) = _problems(_with("delivery.notifications.email", [address])).values()
    assert reason in message


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("scope.date_range.start", "2026-05-20T12:00:01Z", "Start date cannot be in the future"),
        ("scope.date_range.start", "2024-01-01T00:00:00", "Needs a time zone"),
        ("scope.date_range.start", "2024-01-01", "Must be a date and time with a time zone"),
        ("scope.date_range.start", 1704067200, "Must be a date and time with a time zone"),
        ("scope.date_range.start", "2024-02-30T00:00:00Z", "Is not a real date and time"),
        ("scope.date_range.start", "0001-01-01T00:00:00Z", "Must lie between the years"),
        ("scope.date_range.end", "9999-12-31T23:59:59Z", "Must lie between the years"),
        ("scope.date_range.end", "2023-12-31T00:00:00Z", "End date must be after the start date"),
        ("scope.date_range.end", "2024-01-01T00:00:00Z", "End date must be after the start date"),
        ("scope.date_range.end", "2035-01-01T00:00:00Z", "ten years at most"),
        ("scope.date_range_type", "last_month", "Give either date_range or date_range_type"),
        ("scope.environments", ["prod"], "did you mean 'production'"),
        ("scope.environments", ["stagin"], "did you mean 'staging'"),
        ("scope.environments", "production", "Must be a list"),
        ("scope.cloud_providers", ["awss"], "did you mean 'aws'"),
        ("scope.cloud_providers", ["ibm"], "known are"),
        ("scope.environments", ["prodution", "stagin"], "'production'? Unknown environment 'stagin'; did you mean"),
        ("format_options.formats", ["pfd", "exel"], "'pfd' is unknown; did you mean 'pdf'?, 'exel' is unknown"),
        ("scope.enviroments", [], "Unknown field; did you mean 'environments'?"),
        ("name", " ", "Must not be blank"),
        ("name", "x" * 201, "Must have at most 200 characters"),
        ("name", "a\nBcc: x", "Must be one line"),
        ("name", "a\x00", "control characters"),
        ("name", "\ud800", "Must be text"),
        ("name", None, "Must be text"),
        ("type", "audits", "did you mean 'audit'"),
        ("framework", "iso2700", "did you mean 'iso27001'"),
        ("framework", "nothing-like-it", "known are hipaa, iso27001, soc2"),
        ("format_options.formats", [], "Must have at least 1 entry"),
        ("format_options.formats", ["pdf", "pdf"], "twice"),
        ("format_options.formats", ["pdf", "xlsx"], "Must be one of pdf, excel"),
        ("format_options.formats", ["pdf"] * 7, "twice"),
        ("format_options.include_executive_summary", "true", "Must be true or false"),
        ("format_options.locale", "xx", "Unknown locale 'xx'; known are de, en"),
        ("format_options.locale", "../de", "known are de, en"),
        ("format_options.pdf_variant", "pdf/a-1b", "Must be one of pdf/a-3b, pdf/ua-1"),
        ("format_options.branding", "acme", "Must be an object"),
        (
            "format_options.branding.logo",
            "https://example.com/logo.png",
            "Must be the picture itself as a data: address",
        ),
        ("format_options.branding.logo", "file:///etc/passwd", "files and other addresses are not read"),
        ("format_options.branding.logo", "data:image/png;base64,AAAA", "Is not a whole PNG picture"),
        ("format_options.branding.logo", "data:image/png;base64,A", "Is not valid base64"),
        ("format_options.branding.colours.primary", "red", "Must be a colour such as #14526b"),
        ("format_options.branding.colours.accent", "#ffee00", "too light to be read on white: its contrast is 1.2"),
        ("format_options.branding.company", "a\nb", "Must be one line"),
        ("format_options.branding.prepared_for", "x" * 121, "Must have at most 120 characters"),
        ("format_options.branding.prepared_by", "a\nb", "Must be one line"),
        ("format_options.branding.company", "x" * 81, "Must have at most 80 characters"),
        ("format_options.branding.classification", "x" * 41, "Must have at most 40 characters"),
        ("format_options.branding.colors", {}, "Unknown field; did you mean 'colours'?"),
        ("format_options.template", "mine", "Unknown template 'mine'; this installation has none"),
        ("format_options.password", "secret", "Must have 12 to 127 characters"),
        ("format_options.watermark", 7, "Must be a text, or true for CONFIDENTIAL"),
        ("format_options.sign", "yes", "Must be true or false"),
        ("delivery.immediate", True, "scheduled_at names a time"),
        ("delivery.scheduled_at", None, ""),
        ("delivery.notifications.sms", [], "Unknown field"),
        ("description", 5, "Must be text"),
        ("scope", [], "Must be an object"),
        ("delivery", None, "Must be an object"),
        ("nam", "x", "Unknown field; did you mean 'name'?"),
    ],
)
def test_each_mistake_is_reported_in_plain_words(path: str, value: object, message: str) -> None:
    """One field wrong: one problem, at its dotted path."""
    problems = _problems(_with(path, value))
    assert len(problems) == 1
    field, text = next(iter(problems.items()))
    assert field == ("delivery.immediate" if path == "delivery.scheduled_at" else path)
    assert message in text


@pytest.mark.parametrize(
    "address", ["a@x.org>,<evil@x.org", "a@x.org\r\nBcc: b@x.org", "a b@x.org", "a@x", "@x.org", "", "a@x.org,b@x.org"]
)
def test_a_bad_address_is_refused(address: str) -> None:
    """No second recipient and no header can hide in an address."""
    problems = _problems(_with("delivery.notifications.email", ["good@company.com", address]))
    assert list(problems) == ["delivery.notifications.email.1"]


def test_all_problems_are_reported_at_once() -> None:
    """Twelve mistakes in every part of the body: twelve problems."""
    body = {
        "type": "x",
        "framework": "soc",
        "extra": 1,
        "scope": {
            "environments": ["prod"],
            "cloud_providers": ["awss"],
            "date_range": {"start": "2099-01-01T00:00:00Z", "end": "yesterday"},
        },
        "format_options": {"formats": ["pfd"], "sign": "yes"},
        "delivery": {"immediate": False, "notifications": {"email": ["x"]}},
    }
    assert set(_problems(body)) == {
        "name", "type", "framework", "extra", "scope.environments", "scope.cloud_providers", "scope.date_range.start",
        "scope.date_range.end", "format_options.formats", "format_options.sign", "delivery.immediate",
        "delivery.notifications.email.0",
    }  # fmt: skip


def test_new_environments_and_providers_of_the_lake_are_known() -> None:
    """What findings name may be asked for, and a word unlike any known environment may be one to come."""
    known = Known(frameworks=(), environments={"prod-eu"}, cloud_providers={"onprem"})
    scope = {"environments": ["prod-eu", "zebra"], "cloud_providers": ["onprem"]}
    order = parse_request({"name": "x", "type": "audit", "scope": scope}, organization="acme", now=NOW, known=known)
    assert order.scope.environments == ("prod-eu", "zebra")


def test_a_past_schedule_means_now() -> None:
    """Relative periods then count from now."""
    body = {"name": "x", "type": "audit", "scope": {"date_range_type": "yesterday"}}
    at = (NOW - timedelta(days=100)).isoformat()
    assert _parse(body | {"delivery": {"scheduled_at": at}}).period.first_date.isoformat() == "2026-05-19"


def test_a_variant_needs_a_pdf() -> None:
    """How a PDF is made says nothing about other files."""
    body = _with("format_options", {"formats": ["csv"], "pdf_variant": "pdf/a-3b"})
    assert "formats names no pdf" in _problems(body)["format_options.pdf_variant"]


def test_pdf_a_cannot_be_encrypted() -> None:
    """The standard forbids it."""
    body = _with("format_options", {"pdf_variant": "pdf/a-3b", "password": "Kestrel-41-harbour"})
    assert "PDF/A forbids encryption" in _problems(body)["format_options.pdf_variant"]


def test_looks_survive_the_registry() -> None:
    """Branding, template, variant and locale come back from the order's stored form as they were."""
    known = Known(frameworks=("soc2",), templates=("acme",))
    logo = "data:image/svg+xml;base64," + b64encode(b'<svg xmlns="http://www.w3.org/2000/svg"/>').decode()
    options = {
        "locale": "de-AT",
        "pdf_variant": "pdf/ua-1",
        "branding": {
            "company": "Äcme",
            "colours": {"primary": "#AABBCC"},
            "logo": logo,
            "prepared_for": "Board",
            "prepared_by": "Ada",
            "classification": "Vertraulich",
        },
        "template": "acme",
    }
    body = {"name": "x", "type": "audit", "scope": {}, "format_options": options}
    order = parse_request(body, organization="acme", now=NOW, known=known)
    assert order.branding is not None
    assert order.branding.primary == "#aabbcc"
    assert order.branding.on_primary == "#12263a"
    assert (order.branding.prepared_for, order.branding.classification) == ("Board", "Vertraulich")
    assert request_from_json(json.loads(json.dumps(request_to_json(order)))) == order


def test_a_plan_of_action_is_of_whole_accounts() -> None:
    """Providers and accounts are possible; a filter within an account would close what it leaves out."""
    plan = {"type": "poam", "scope": {"cloud_providers": ["aws"], "accounts": ["1"]}}
    assert _parse(DOCUMENTED | plan).type is ReportType.POAM
    within = {"environments": ["production"], "regions": ["eu-central-1"]}
    assert _problems(DOCUMENTED | plan | {"scope": within}) == {
        "scope": "A plan of action is of whole accounts: leave out environments, regions; cloud_providers, accounts and"
        " account_groups are possible"
    }


def test_the_version_of_oscal_is_stored_where_it_is_not_the_default() -> None:
    """1.1.2 leaves the stored form, and so the digests of monthly reports, as they were; other versions are refused."""
    assert "oscal_version" not in request_to_json(_parse(DOCUMENTED))
    newer = _parse(_with("format_options.oscal_version", "1.2.1"))
    assert request_from_json(request_to_json(newer)).oscal_version is OscalVersion.V1_2_1
    assert _problems(_with("format_options.oscal_version", "1.0")) == {
        "format_options.oscal_version": "Must be one of 1.1.2, 1.1.3, 1.2.1"
    }
