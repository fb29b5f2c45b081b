"""The verdict as Markdown: for the summary of a job, or a comment on a merge request."""

import re
from collections.abc import Sequence
from typing import Final

from policycortex_cli.gate.model import GateFinding, GateVerdict

_MOST_ROWS: Final = 50
"""Of one table: GitHub shows at most 1 MB of a summary, GitLab the first 1,000,000 characters of a comment."""
_ACTIVE: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~&])")
_MENTION: Final = "@\u2060"
"""With a word joiner, which shows nothing: an escape does not stop GitHub from telling a person who is mentioned."""


def write_markdown(verdict: GateVerdict) -> bytes:
    """The whole file, UTF-8."""
    word = "passed" if verdict.is_passed else "failed"
    parts = [
        f"## PolicyCortex gate: {_text(verdict.limits.framework)} {word}",
        _table(
            ("limit", "wanted", "found", "result"),
            [(each.name, each.wanted, each.found, "met" if each.is_met else "not met") for each in verdict.conditions],
        ),
    ]
    if verdict.before is not None:
        before = "unknown" if verdict.before.score_pct is None else f"{verdict.before.score_pct:g} %"
        parts.append(
            f"Score now {verdict.now.score_pct:g} %, at {_text(verdict.before.label)} {before}. "
            f"Findings that ended since: {len(verdict.ended)}."
        )
        parts += _findings("New findings", verdict.new)
    else:
        parts += _findings("Failing findings", verdict.now.findings)
    if verdict.now.unmet:
        rows = [(id_, title) for id_, title in verdict.now.unmet]
        parts += [f"### Requirements not met: {len(rows)}", *_rows(("requirement", "title"), rows)]
    return ("\n\n".join(parts) + "\n").encode()


def _findings(title: str, found: Sequence[GateFinding]) -> list[str]:
    if not found:
        return [f"### {title}: none"]
    rows = [
        (each.severity, each.title, each.check_id, each.resource_uid, each.account_id, ", ".join(each.requirements))
        for each in found
    ]
    columns = ("severity", "finding", "check", "resource", "account", "requirements")
    return [f"### {title}: {len(rows)}", *_rows(columns, rows)]


def _rows(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The table, and how many rows it leaves out."""
    left_out = len(rows) - _MOST_ROWS
    return [_table(columns, rows[:_MOST_ROWS]), *([f"{left_out} more are not listed here."] if left_out > 0 else [])]


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *([_text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _text(text: str) -> str:
    """Text of a scanner as text: no markup, no mention of a person, one line."""
    return _ACTIVE.sub(r"\\\1", " ".join(text.split())).replace("@", _MENTION)
