"""States all open requirements of a framework as met, with evidence, by two keys; prints the coverage before and after.

``POLICYCORTEX_REQUESTER_KEY`` requests and ``POLICYCORTEX_APPROVER_KEY`` approves: two people. Use it as a pattern:
real statements have a reason of their own for each requirement; the questionnaire workbook collects them.
"""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from policycortex_client import Client


def describe(posture: Mapping[str, Any]) -> str:
    """Who decides how many requirements, and the score of findings."""
    coverage, score = posture["coverage"], posture["compliance_score"]
    decided = f"{coverage['by_scanner']} by scanner, {coverage['by_people']} by people, {coverage['open']} open"
    return f"{decided}; compliance score {score}"


def state_open(
    requester: Client,
    approver: Client,
    framework: str,
    *,
    crosswalk: str,
    reason: str,
    until: str,
    evidence: Sequence[Path] = (),
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Request, attach and approve one statement on all open requirements. Returns the posture before and after.

    The approval names the digests of the evidence, so that it fails if somebody attached another file. Raises ApiError.
    """
    before = requester.get_posture(framework, crosswalk=crosswalk)
    not_decided = [each for each in before["requirements"] if each["decided_by"] is None]
    names = [each["id"] for each in not_decided if each["result"] != "not_applicable"]
    if names:
        scope = {"framework": framework, "requirements": names}
        body = {"statement": "met", "scope": scope, "reason": reason, "until": until, "role": "Internal audit"}
        made = requester.request_attestation(body)
        digests = [requester.attach_evidence(made.id, file).evidence[-1] for file in evidence]
        approver.approve_attestation(made.id, role="Head of audit", evidence=digests)
    return before, requester.get_posture(framework, crosswalk=crosswalk)


def main() -> None:
    """Read the options, state, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--framework", default="soc2")
    parser.add_argument("--crosswalk", default="reviewed", choices=["reviewed", "scanner"])
    parser.add_argument("--reason", default="Reviewed in the internal audit")
    parser.add_argument("--until", required=True, help="such as 2027-06-30T00:00:00Z")
    parser.add_argument("evidence", nargs="*", type=Path)
    given = parser.parse_args()
    requester_key, approver_key = (os.environ[f"POLICYCORTEX_{who}_KEY"] for who in ("REQUESTER", "APPROVER"))
    with Client(given.url, requester_key) as requester, Client(given.url, approver_key) as approver:
        before, after = state_open(
            requester,
            approver,
            given.framework,
            crosswalk=given.crosswalk,
            reason=given.reason,
            until=given.until,
            evidence=given.evidence,
        )
    print(f"before: {describe(before)}\nafter:  {describe(after)}")  # noqa: T201 - a script


if __name__ == "__main__":
    main()
