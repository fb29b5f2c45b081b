"""The verdict on two readings. Pure: no API, no files."""

from policycortex.errors import InputError
from policycortex_cli.gate.model import GateCondition, GateFinding, GateLimits, GateReading, GateVerdict


def judge(limits: GateLimits, now: GateReading, before: GateReading | None) -> GateVerdict:
    """Compare the readings with the limits. Raises InputError when nothing was assessed: no score can be compared."""
    if now.score_pct is None:
        raise InputError(f"no finding counts towards {limits.framework} now: there is nothing to judge")
    new, ended = _new(now, before), _new(before, now) if before else ()
    return GateVerdict(
        limits=limits, now=now, before=before, conditions=_conditions(limits, now, before, new), new=new, ended=ended
    )


def _conditions(
    limits: GateLimits, now: GateReading, before: GateReading | None, new: tuple[GateFinding, ...]
) -> tuple[GateCondition, ...]:
    conditions = []
    if limits.min_score_pct is not None and now.score_pct is not None:
        conditions.append(
            GateCondition(
                name="score",
                wanted=f"at least {limits.min_score_pct:g} %",
                found=f"{now.score_pct:g} %",
                is_met=now.score_pct >= limits.min_score_pct,
            )
        )
    if before is not None:
        for severity in limits.no_new:
            count = sum(finding.severity is severity for finding in new)
            conditions.append(
                GateCondition(
                    name=f"new {severity} findings",
                    wanted=f"none since {before.label}",
                    found=str(count),
                    is_met=count == 0,
                )
            )
    return tuple(conditions)


def _new(after: GateReading, before: GateReading | None) -> tuple[GateFinding, ...]:
    if before is None:
        return ()
    known = {finding.key for finding in before.findings}
    return tuple(finding for finding in after.findings if finding.key not in known)
