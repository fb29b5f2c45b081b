"""What requests for waivers and attestations share: the reason and the time for which they hold."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final, TypeVar

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from policycortex.field_types import Line, Moment, Strict, Text, did_you_mean, refuse
from policycortex.frameworks.model import Framework
from policycortex.period import Period
from policycortex.requests.parsing import validated

LONGEST: Final = timedelta(days=3 * 366)
"""What people accept or state must be reviewed at least every three years."""


ROLE_TEXT: Final = "The role in which the person acts; reports name it"
Role = Annotated[Line, Field(min_length=1, max_length=200)] | None


class ApproveBody(Strict):
    """Body of an approval; it may be left out."""

    role: Role = Field(default=None, description=ROLE_TEXT, examples=["Chief information security officer"])

    @property
    def seen(self) -> frozenset[str] | None:
        """Digests of the evidence files that the approver has seen; None: not given."""
        return None


class AttestationApproveBody(ApproveBody):
    """Body of an approval of an attestation; it may be left out."""

    evidence: list[Annotated[str, Field(pattern="^[0-9a-f]{64}$")]] | None = Field(
        default=None,
        max_length=1000,
        description="SHA-256 of each evidence file that the approver has seen; 409 if the attestation has other files",
        examples=[["0" * 64]],
    )

    @property
    def seen(self) -> frozenset[str] | None:
        """As ``evidence`` names them."""
        return None if self.evidence is None else frozenset(self.evidence)


class ApprovalBody(Strict):
    """The reason and the time of a request that another person approves."""

    model_config = ConfigDict(populate_by_name=False)

    reason: Text = Field(
        max_length=2000,
        examples=["The site is public on purpose; reviewed with the data owner"],
        json_schema_extra={"minLength": 1, "pattern": r"\S"},
    )
    role: Role = Field(default=None, description=ROLE_TEXT, examples=["Head of IT security"])
    valid_from: Moment | None = Field(default=None, alias="from", description="Inclusive; now unless given")
    valid_until: Moment = Field(
        alias="until", description="Exclusive; 23:59:59 means the end of its day. Three years at most"
    )

    @field_validator("reason")
    @classmethod
    def _reason(cls, value: str) -> str:
        if not value.strip():
            raise refuse("Give the reason: auditors read it")
        return value.strip()

    @field_validator("valid_until")
    @classmethod
    def _spans(cls, value: datetime, info: ValidationInfo) -> datetime:
        start = info.data.get("valid_from") or (info.context or {}).get("now")
        if "valid_from" in info.data and start is not None and value <= start:
            raise refuse("Must be after from, which is now unless given")
        if "valid_from" in info.data and start is not None and value - start > LONGEST:
            raise refuse("Three years at most; renew it then")
        return value

    def valid(self, now: datetime) -> Period:
        """The time for which it holds, as requested at ``now``."""
        return Period.as_given(self.valid_from or now, self.valid_until)


def day_as_moment(text: str, *, is_end: bool) -> str:
    """A day as its start or its end in UTC; any other text unchanged, because the request checks it."""
    try:
        day = date.fromisoformat(text)
        return f"{day + timedelta(days=1) if is_end else day}T00:00:00Z"
    except (ValueError, OverflowError):
        return text


_BodyT = TypeVar("_BodyT", bound=ApproveBody)


def parse_approval(body: Mapping[str, Any], model: type[_BodyT]) -> _BodyT:
    """What an approver says. Raises RequestError."""
    return validated(model, body)


def known_frameworks(info: ValidationInfo) -> Mapping[str, Framework]:
    """The frameworks of the validation's context, by id."""
    if info.context is None:
        raise RuntimeError("validation needs a context with frameworks")
    known: Mapping[str, Framework] = info.context["frameworks"]
    return known


def known_framework(value: str, info: ValidationInfo) -> str:
    """The id of a known framework. Raises ValueError that names similar ones."""
    known = known_frameworks(info)
    if value not in known:
        raise refuse(f"Unknown framework {value!r}{did_you_mean(value, known) or '; GET /v1/frameworks lists all'}")
    return value


def request_context(frameworks: Mapping[str, Framework], now: datetime) -> dict[str, Any]:
    """The validation's context."""
    return {"now": now, "frameworks": frameworks}
