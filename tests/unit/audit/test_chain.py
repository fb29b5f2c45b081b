"""Links of the trail: whatever a stranger sends can be written down, and checked again."""

from datetime import UTC, datetime

from policycortex.audit.chain import AuditEvent, chain_start, make_record, parse_record, write_record


def test_what_no_database_keeps_as_text_is_recorded_all_the_same() -> None:
    """NUL and half characters, at any depth, become U+FFFD; the rest stays to the letter."""
    act = AuditEvent(
        organization="o",
        at=datetime(2026, 1, 1, tzinfo=UTC),
        action="report_read",
        actor="key_1",
        subject="rpt_\0\ud800 ü 𝄞",
        details={"path": ["\0", {"a": 1, "b": None, "c": "\udfff"}]},
    )
    assert act.subject == "rpt_�� ü 𝄞"
    assert act.details == {"path": ["�", {"a": 1, "b": None, "c": "�"}]}
    record = make_record(act, chain_start("o"), b"key")
    assert parse_record(write_record(record)) == record
