"""The bodies of a request for evidence and of an answer."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, field_validator

from policycortex.field_types import Line, Moment, Strict, Text, without_outer_blanks
from policycortex.requests.comment_body import CommentBody
from policycortex.requests.parsing import validated


class EvidenceRequestBody(CommentBody):
    """Body of ``POST /v1/evidence-requests``."""

    text: Annotated[Text, Field(max_length=4000)] = Field(
        examples=["Show the access review of the third quarter."],
        description="What is asked for, in plain text; it cannot be changed later",
        json_schema_extra={"minLength": 1, "pattern": r"\S"},
    )
    as_of: Moment | None = Field(
        default=None,
        examples=["2026-10-31T23:59:59Z"],
        description="The time that the request is about; 23:59:59 means the end of its day; absent: now, for an auditor"
        " at most the end of the grant's period",
    )


class EvidenceAnswerBody(Strict):
    """Body of ``POST /v1/evidence-requests/{id}/answers``."""

    text: Annotated[Text, Field(max_length=4000)] = Field(
        examples=["The review is attached to the attestation."],
        description="The answer, in plain text; it cannot be changed later",
        json_schema_extra={"minLength": 1, "pattern": r"\S"},
    )
    attestation_id: Annotated[Line, Field(max_length=100)] | None = Field(
        default=None,
        examples=["att_0123456789abcdef"],
        description="The attestation of that requirement whose files show it; an auditor sees it once it is approved",
    )

    @field_validator("text")
    @classmethod
    def _text(cls, value: str) -> str:
        return without_outer_blanks(value)


def parse_evidence_answer(body: Mapping[str, Any]) -> EvidenceAnswerBody:
    """The answer in ``body``. Raises RequestError whose details name every problem at once."""
    return validated(EvidenceAnswerBody, body)
