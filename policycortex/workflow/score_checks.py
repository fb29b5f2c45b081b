"""Checks of scores: in range, equal to the requirement results, and no change that the findings do not explain."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import polars as pl

from policycortex.scoring.changes_model import Cause
from policycortex.scoring.models import DEFAULT_MODEL
from policycortex.scoring.scan_rhythm import silent_accounts
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.data_check import DataCheck, evidence_of
from policycortex.workflow.scan_checks import account_days, listed, names_of, title_of, window_of

_JUMP_POINTS: Final = 5.0
"""A change of the score below this needs no explanation."""
_RESIDUAL_POINTS: Final = 0.5
"""Difference between the change and the sum of its causes that rounding cannot explain."""
_COVERAGE_CAUSES: Final = frozenset({Cause.SCOPE_AND_COVERAGE.value, Cause.FRAMEWORK_VERSION.value})
"""Causes in what was looked at, not in what was found."""


def check_score_values(settings: Settings) -> DataCheck:
    """Stored scores of the last 35 days are in range and agree with the stored requirement results."""
    with open_lake(settings) as lake:
        newest = lake.data_checks.load_newest_day()
        wrong = lake.data_checks.load_wrong_scores(*window_of(newest))
    found = int(wrong["found"][0]) if wrong.height else 0
    return DataCheck(
        is_passed=not found,
        is_error=True,
        message=f"{found} scores are out of range or differ from the requirement results",
        numbers={"wrong": found, "newest_day": str(newest)},
        evidence=wrong.drop("found"),
    )


def check_score_jumps(settings: Settings) -> DataCheck:
    """The newest change of each score comes from what was found, not from what was looked at.

    A change of 5 points or more of which at least half has its cause in scope, coverage or framework version is
    reported, and so is a change that its causes do not add up to. The accounts that are no longer scanned are named.
    """
    with open_lake(settings) as lake:
        newest = lake.data_checks.load_newest_day()
        changes = lake.data_checks.load_score_changes(*window_of(newest), model=DEFAULT_MODEL)
        silent = silent_accounts(account_days(lake))
        names = names_of(lake, silent)
    judged = [_Jump.of(rows) for _, rows in changes.group_by(["organization", "framework_id"], maintain_order=True)]
    jumps = sorted((jump for jump in judged if jump.is_suspicious), key=lambda jump: -abs(jump.points))
    missing = listed([title_of(each, names) for each in silent])
    more = f"; {len(jumps) - 3} more" if len(jumps) > 3 else ""
    message = "; ".join(jump.text for jump in jumps[:3]) or "no score changed by more than its findings explain"
    message += more
    return DataCheck(
        is_passed=not jumps,
        is_error=any(jump.has_residual for jump in jumps),
        message=f"{message}. No longer scanned: {missing}" if jumps and silent else message,
        numbers={
            "scores": len(judged),
            "jumps": len(jumps),
            "largest_points": max((abs(j.points) for j in judged), default=0.0),
        },
        evidence=evidence_of(
            ("organization", "framework", "from", "to", "before_pct", "after_pct", "points", "causes"),
            [jump.row for jump in jumps],
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Jump:
    """The newest change of one score, with its causes."""

    row: tuple[object, ...]
    points: float
    from_coverage: float
    has_residual: bool
    text: str

    @property
    def is_suspicious(self) -> bool:
        return self.has_residual or (
            abs(self.points) >= _JUMP_POINTS and abs(self.from_coverage) >= abs(self.points) / 2
        )

    @classmethod
    def of(cls, rows: pl.DataFrame) -> "_Jump":
        """From all causes of one framework; points are 0 where one of both days has no score."""
        first = rows.row(0, named=True)
        parts = {
            cause: Fraction(points)
            for cause, points in rows.select("cause", "points").iter_rows()
            if points is not None
        }
        before, after = first["before_pct"], first["after_pct"]
        is_known = before is not None and after is not None
        points = after - before if is_known else 0.0
        residual = points - float(sum(parts.values())) if is_known and parts else 0.0
        causes = ", ".join(
            f"{cause} {float(value):+.1f}" for cause, value in sorted(parts.items(), key=lambda p: -abs(p[1])) if value
        )
        shown = (
            f"{first['framework_id']} of {first['organization']}: {before:.1f} % to {after:.1f} % ({causes})"
            if is_known
            else ""
        )
        return cls(
            row=(
                first["organization"],
                first["framework_id"],
                first["previous_date"],
                first["observed_date"],
                before,
                after,
                round(points, 1),
                causes,
            ),
            points=round(points, 2),
            from_coverage=float(sum(value for cause, value in parts.items() if cause in _COVERAGE_CAUSES)),
            has_residual=abs(residual) > _RESIDUAL_POINTS,
            text=shown,
        )
