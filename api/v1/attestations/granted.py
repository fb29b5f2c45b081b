"""Which attestations a grant shows."""

from policycortex.scoring.attestations import Attestation
from policycortex.storage.registry import GrantRow


def is_granted(attestation: Attestation, grant: GrantRow) -> bool:
    """Whether it is an approved one on a framework of the grant whose time meets the grant's period."""
    is_in_time = attestation.valid_from < grant.period.end and attestation.valid_until > grant.period.start
    return attestation.approved_at is not None and attestation.scope.framework in grant.frameworks and is_in_time
