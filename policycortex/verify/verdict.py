"""What a check came to, line by line, in words for people."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class VerdictKind(StrEnum):
    """How far a line goes."""

    HOLDS = "holds"
    BROKEN = "BROKEN"
    UNCHECKED = "not checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictLine:
    """One thing that was looked at."""

    kind: VerdictKind
    subject: str
    """Name of the file, or of the part of the proof."""
    message: str

    def __str__(self) -> str:
        return f"{self.kind.value:<12} {self.subject}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All lines in the order they were found."""

    lines: tuple[VerdictLine, ...]

    @property
    def is_good(self) -> bool:
        """Something holds, and nothing is broken."""
        return bool(self.of(VerdictKind.HOLDS)) and not self.of(VerdictKind.BROKEN)

    def of(self, kind: VerdictKind) -> tuple[VerdictLine, ...]:
        """The lines of one kind."""
        return tuple(line for line in self.lines if line.kind is kind)


def holds(subject: str, message: str) -> VerdictLine:
    """It is as it should be."""
    return VerdictLine(kind=VerdictKind.HOLDS, subject=subject, message=message)


def broken(subject: str, message: str) -> VerdictLine:
    """It is not."""
    return VerdictLine(kind=VerdictKind.BROKEN, subject=subject, message=message)


def unchecked(subject: str, message: str) -> VerdictLine:
    """It could not be looked at, and why."""
    return VerdictLine(kind=VerdictKind.UNCHECKED, subject=subject, message=message)


def verdict_of(lines: Iterable[VerdictLine]) -> Verdict:
    """The verdict that these lines make."""
    return Verdict(lines=tuple(lines))
