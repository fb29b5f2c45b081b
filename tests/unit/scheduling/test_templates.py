"""The schedule templates."""

from policycortex.scheduling.cron import parse_cron
from policycortex.scheduling.templates import load_schedule_templates


def test_from_daily_to_annual_all_five_are_offered() -> None:
    """Each has a valid cron expression and is due less often than the one before."""
    templates = load_schedule_templates()
    assert [template["id"] for template in templates] == [
        "daily_security_digest", "weekly_compliance", "monthly_executive", "quarterly_audit", "annual_review",
    ]  # fmt: skip
    for template in templates:
        assert parse_cron(template["schedule"]["cron"]).text
        assert template["report_template"]["scope"]["date_range_type"]
