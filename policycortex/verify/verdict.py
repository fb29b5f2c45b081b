"""The result of a verification: one line for each thing that was checked."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class VerdictKind(StrEnum):
    """The result of one line."""

    HOLDS = "holds"
    BROKEN = "BROKEN"
    UNCHECKED = "not checked"
    UNPROVEN = "NOT PROVEN"
    """The signature holds, but nothing proves whose it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictLine:
    """The result of checking one thing."""

    kind: VerdictKind
    subject: str
    """Name of the file, or of the part that was checked."""
    message: str

    def __str__(self) -> str:
        return f"{self.kind.value:<12} {self.subject}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All lines, in the order of the checks."""

    lines: tuple[VerdictLine, ...]

    @property
    def is_good(self) -> bool:
        """True when at least one line holds and none is broken."""
        return bool(self.of(VerdictKind.HOLDS)) and not self.of(VerdictKind.BROKEN)

    @property
    def is_proven(self) -> bool:
        """True when nothing is broken and each signer is proven to be the organisation."""
        return self.is_good and not self.of(VerdictKind.UNPROVEN)

    def of(self, kind: VerdictKind) -> tuple[VerdictLine, ...]:
        """The lines of one kind."""
        return tuple(line for line in self.lines if line.kind is kind)


def holds(subject: str, message: str) -> VerdictLine:
    """A line for a thing that is correct."""
    return VerdictLine(kind=VerdictKind.HOLDS, subject=subject, message=message)


def broken(subject: str, message: str) -> VerdictLine:
    """A line for a thing that is wrong."""
    return VerdictLine(kind=VerdictKind.BROKEN, subject=subject, message=message)


def unchecked(subject: str, message: str) -> VerdictLine:
    """A line for a thing that could not be checked; the message gives the reason."""
    return VerdictLine(kind=VerdictKind.UNCHECKED, subject=subject, message=message)


def unproven(subject: str, message: str) -> VerdictLine:
    """A line for a signer that may be somebody else; the message tells what proves it."""
    return VerdictLine(kind=VerdictKind.UNPROVEN, subject=subject, message=message)


def verdict_of(lines: Iterable[VerdictLine]) -> Verdict:
    """The verdict of these lines."""
    return Verdict(lines=tuple(lines))
