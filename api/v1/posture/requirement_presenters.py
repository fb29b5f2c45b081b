"""The response body of one requirement, made from the core's values."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from api.platform.approvals import approval_fields
from api.platform.as_of import KnownData
from api.platform.responses import FindingTotals, Span
from api.v1.posture.requirement_schemas import (
    RequirementAttestation,
    RequirementCheck,
    RequirementDay,
    RequirementEvidenceAnswer,
    RequirementLinks,
    RequirementQuery,
    RequirementWaiver,
)
from policycortex.frameworks.model import Framework
from policycortex.scoring.approvals import known_moment
from policycortex.scoring.attestations import Attestation
from policycortex.scoring.waivers import Waiver
from policycortex.workflow.requirement_evidence import CheckEvidence, RequirementFacts


def present_requirement(
    evidence: RequirementFacts, framework: Framework, known: KnownData, query: RequirementQuery, base_url: str
) -> RequirementEvidenceAnswer:
    """The requirement, with addresses of its findings for the same parameters."""
    assessed, period, at = evidence.assessment, known.period, known_moment(known.period, known.at)
    given = query.model_dump(mode="json", exclude_defaults=True)
    given |= {"framework": framework.id, "requirement": evidence.requirement.id}

    def address(**more: str) -> str:
        return f"{base_url}/v1/findings?{urlencode(given | more, doseq=True)}"

    return RequirementEvidenceAnswer(
        framework=framework.id,
        framework_version=framework.version,
        crosswalk=framework.edition,
        period=Span(start=period.start, end=period.end, timezone=period.timezone),
        known_on=known.known_on,
        id=evidence.requirement.id,
        title=evidence.requirement.title,
        section=evidence.requirement.section,
        description=evidence.requirement.description,
        parent=evidence.requirement.parent,
        parts=list(evidence.parts),
        result=assessed.result,
        stated=assessed.stated,
        decided_by=assessed.decided_by,
        is_met=assessed.is_met,
        findings=FindingTotals.model_validate(evidence.counts),
        excluded=FindingTotals.model_validate(assessed.excluded),
        checks=[_check(check, address(checks=check.check_id)) for check in evidence.checks],
        links=RequirementLinks(findings=address(), failing=address(status="FAIL")),
        waivers=[_waiver(waiver, findings, at) for waiver, findings in evidence.waivers],
        attestations=[_attestation(each, at) for each in evidence.attestations],
        history=[RequirementDay.model_validate(row) for row in evidence.history.iter_rows(named=True)],
    )


def _check(check: CheckEvidence, findings_url: str) -> RequirementCheck:
    values: dict[str, Any] = {
        "check_id": check.check_id,
        "title": check.title,
        "severity": check.severity,
        "providers": list(check.providers),
        "strength": check.strength,
        "scanners": list(check.scanners),
        "findings": FindingTotals.model_validate(check.counts),
        "findings_url": findings_url,
    }
    return RequirementCheck.model_validate(values)


def _waiver(waiver: Waiver, findings: int, at: datetime) -> RequirementWaiver:
    scope = waiver.scope
    named = {"requirement": scope.requirement, "check": scope.check}
    placed = {"account": scope.account, "resource": scope.resource, "findings": findings}
    return RequirementWaiver.model_validate(approval_fields(waiver, at) | named | placed)


def _attestation(attestation: Attestation, at: datetime) -> RequirementAttestation:
    scope = attestation.scope
    places = {"accounts": list(scope.accounts), "environments": list(scope.environments)}
    stated = {"statement": attestation.statement, "evidence_files": len(attestation.evidence)}
    return RequirementAttestation.model_validate(approval_fields(attestation, at) | stated | places)
