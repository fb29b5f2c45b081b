"""The menu. A screen is in it once, with the scope that its first call needs."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuItem:
    """One entry."""

    path: str
    label: str
    scope: str = "reports:read"
    is_for_auditors: bool = False
    """Whether an outside auditor with a grant sees it, too."""

    def is_open_at(self, path: str) -> bool:
        """Whether a page of this path belongs to it."""
        return path == self.path or (self.path != "/" and path.startswith(f"{self.path}/"))


MENU: Final = (
    MenuItem(path="/", label="Overview", is_for_auditors=True),
    MenuItem(path="/reports", label="Reports", is_for_auditors=True),
    MenuItem(path="/controls", label="Controls", is_for_auditors=True),
    MenuItem(path="/findings", label="Findings"),
    MenuItem(path="/schedules", label="Schedules"),
    MenuItem(path="/deliveries", label="Deliveries"),
    MenuItem(path="/waivers", label="Waivers"),
    MenuItem(path="/attestations", label="Attestations", is_for_auditors=True),
    MenuItem(path="/evidence-requests", label="Evidence requests", is_for_auditors=True),
    MenuItem(path="/milestones", label="Milestones"),
    MenuItem(path="/imports", label="Imports"),
    MenuItem(path="/auditors", label="Auditors", scope="admin"),
    MenuItem(path="/keys", label="Keys and people", scope="admin"),
    MenuItem(path="/audit", label="Audit log", scope="admin"),
    MenuItem(path="/health", label="Health"),
)
