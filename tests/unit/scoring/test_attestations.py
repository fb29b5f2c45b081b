"""Which statements hold at a time, and where."""

from datetime import UTC, date, datetime
from typing import Any

from policycortex.period import Period
from policycortex.scoring.approvals import known_moment
from policycortex.scoring.attestations import (
    WHOLE,
    Attestation,
    AttestationScope,
    Place,
    Statement,
    attestations_in_force,
    stated_places,
)

MARCH = Period.of_days(date(2026, 3, 1), date(2026, 3, 31))


def at(text: str) -> datetime:
    """A time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def attestation(
    *requirements: str, framework: str = "soc2", accounts: tuple[str, ...] = (), **times: datetime
) -> Attestation:
    """Valid for March, approved before it."""
    values: dict[str, Any] = {
        "valid_from": MARCH.start,
        "valid_until": MARCH.end,
        "approved_at": at("2026-02-02"),
    } | times
    return Attestation(
        id="att_1",
        organization="acme",
        statement=Statement.NOT_APPLICABLE,
        scope=AttestationScope(framework=framework, requirements=requirements, accounts=accounts),
        reason="outside the report",
        requested_by="key_1",
        requested_at=at("2026-02-01"),
        approved_by="key_2",
        **values,
    )


def test_accounts_of_several_statements_are_joined() -> None:
    """A statement without accounts holds everywhere, whatever another one names."""
    stated = [
        attestation("A1.1", "A1.2", accounts=("a",)),
        attestation("A1.2", accounts=("b",)),
        attestation("A1.3"),
        attestation("A1.3", accounts=("c",)),
    ]
    assert stated_places(stated, Statement.NOT_APPLICABLE) == {
        "A1.1": frozenset({Place(account="a")}),
        "A1.2": frozenset({Place(account="a"), Place(account="b")}),
        "A1.3": WHOLE,
    }
    assert stated_places(stated, Statement.MET) == {}


def test_places_are_accounts_with_environments() -> None:
    """Each named account with each named environment; one alone holds in all of the other."""
    scope = AttestationScope(framework="soc2", requirements=("A1.1",), accounts=("a", "b"), environments=("prod",))
    assert scope.places == {Place(account="a", environment="prod"), Place(account="b", environment="prod")}
    assert AttestationScope(framework="soc2", requirements=("A1.1",)).places == WHOLE


def test_only_statements_known_and_valid_at_the_time_hold() -> None:
    """Not approved in time, revoked before, of another framework: none; revoked afterwards: it holds."""
    moment = known_moment(MARCH, now=at("2026-11-24"))
    late = attestation("A1.1", approved_at=at("2026-04-02"))
    revoked = attestation("A1.2", revoked_at=at("2026-03-20"))
    foreign = attestation("A1.3", framework="hipaa")
    kept = attestation("PI1.2", revoked_at=at("2026-04-20"))
    assert attestations_in_force([late, revoked, foreign, kept], "soc2", moment) == (kept,)
    assert attestations_in_force([revoked], "soc2", at("2026-03-19")) == (revoked,)
    assert attestations_in_force([kept], "soc2", at("2026-04-02")) == ()
