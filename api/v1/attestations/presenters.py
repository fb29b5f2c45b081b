"""Response bodies of attestations, made from the core's values."""

from datetime import datetime

from api.platform.approvals import approval_fields
from api.v1.attestations.schemas import AttestationAnswer
from policycortex.scoring.attestations import Attestation


def present_attestation(attestation: Attestation, now: datetime) -> AttestationAnswer:
    """One attestation with its status at ``now``."""
    scope = attestation.scope
    return AttestationAnswer.model_validate(
        approval_fields(attestation, now)
        | {
            "statement": attestation.statement,
            "scope": {
                "framework": scope.framework,
                "requirements": list(scope.requirements),
                "profile": scope.profile,
                "accounts": list(scope.accounts),
                "environments": list(scope.environments),
            },
            "evidence": attestation.evidence,
        }
    )
