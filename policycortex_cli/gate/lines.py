"""Lines that several outputs of a gate share."""

from policycortex_cli.gate.model import GateCondition, GateFinding, GateVerdict


def finding_line(finding: GateFinding) -> str:
    """One finding on one line."""
    place = " ".join(part for part in (finding.provider, finding.account_id, finding.region) if part)
    return f"{finding.severity}: {finding.title} [{finding.check_id}] {finding.resource_uid} ({place})"


def new_findings_of(verdict: GateVerdict, condition: GateCondition) -> tuple[GateFinding, ...]:
    """The new findings because of which the condition is not met; none for the score."""
    return tuple(each for each in verdict.new if condition.name == f"new {each.severity} findings")


def verdict_lines(verdict: GateVerdict) -> tuple[str, ...]:
    """The verdict for a terminal: one line per limit, then the new findings that a limit counts."""
    lines = [f"{verdict.limits.framework}: the gate {'passes' if verdict.is_passed else 'fails'}"]
    for condition in verdict.conditions:
        mark = "ok  " if condition.is_met else "FAIL"
        lines.append(f"  {mark} {condition.name}: {condition.found}, wanted {condition.wanted}")
        lines += [f"         {finding_line(each)}" for each in new_findings_of(verdict, condition)]
    return tuple(lines)
