"""Words and names that this project no longer uses, and what it uses instead. ``test_words.py`` searches for them.

A word goes in when the field has a standard term for the thing. A word with a second, ordinary meaning goes in as a
phrase or as a name only.
"""

from typing import Final

PROSE: Final = {
    r"houses?": "the system, the organization, the project",
    r"river": "data flow",
    r"doors?": "endpoint, interface, entry point",
    r"doorbell": "run_host_socket",
    r"manners": "settings, behaviour",
    r"rooms?": "module, package; space (on a disk)",
    r"vaults?": "key store",
    r"journal": "write-ahead log",
    r"standing (?:order|report)s?": "schedule, monthly report",
    r"closing postures?": "period-end posture",
    r"audit trails?": "audit log",
    r"told": "reported, shown, given",
    r"said": "stated, written, set",
    r"speaks?": "maps to, refers to, supports",
    r"verbs": "functions, operations",
    r"ways there and back": "round trips",
    r"take[sn]? in": "import",
    r"worn": "used",
}
"""In comments, docstrings, messages, SQL, templates, catalogues and documents; without regard to case."""

NAME_PARTS: Final = {
    "house": "installation, server",
    "door": "endpoint",
    "doors": "endpoints",
    "doorbell": "run_host_socket",
    "manners": "settings",
    "room": "module",
    "rooms": "modules",
    "vault": "key_store",
    "journal": "write_ahead_log",
    "told": "message, reason, answer",
    "said": "output, message, answer",
    "asked": "requested, query, request",
    "ways": "options, paths",
    "lead": "index, offset",
    "worn": "used",
    "fate": "state",
    "verbs": "functions",
    "river": "flow",
    "ground": "backend",
}
"""In names of classes, functions, arguments and variables, cut at underscores and capitals; and in module names."""

NAMES: Final = {
    "ReportOrder": "ReportRequest",
    "StandingOrder": "MonthlyReport",
    "ScheduleOrder": "ScheduleRequest",
    "BackfillOrder": "BackfillRequest",
    "place_order": "request_report",
    "Vault": "KeyStore",
    "Journal": "WriteAheadLog",
    "Act": "AuditEvent",
    "Fate": "RunState",
    "Turned": "ChangedFindings",
    "Judged": "AssessedPeriod",
    "Reading": "ReportInputs",
    "Together": "a transaction",
    "QuickReads": "a plain call",
    "SharedWait": "a plain wait",
    "KnownKeys": "cachetools.TTLCache",
    "KeyUses": "LastUsedWriter",
    "QuietMemory": "a plain counter",
    "HandLauncher": "FakeRunLauncher",
    "HandBackfills": "FakeBackfills",
    "gather_content": "build_content",
    "prove_files": "sign_files",
    "finish_files": "protect_files",
}
"""Whole names of before."""

KEPT: Final = {
    r"POLICYCORTEX_[A-Z_]+": "names of settings stay",
    r"standing_frameworks": "the field of a setting whose name stays",
    r"reports[/_]+standing\w*": "an asset key of existing homes",
    r"Standing report of a closed month": "part of the digest that identifies reports of version 0.1",
    r"/v1/audit-trail\S*": "a documented path",
    r"journal[_ ]mode|JOURNAL_MODE|journalctl|systemd.journal": "terms of SQLite and systemd",
    r"policycortex audit trail of": "part of the first digest of existing chains",
    r"^audit trail$": "a tag of the documented API",
    r"in-house": "an ordinary word",
}
"""Text that is taken out before the search, each with its reason."""

EXEMPT_FILES: Final = {
    "CHANGELOG.md": "names what was renamed",
    "docs/GLOSSARY.md": "names beside each term the words that it replaces",
    "policycortex/findings/data/sample_checks.yaml": "names Azure's Key Vault",
    "tests/architecture/retired_words.py": "this list",
    "tests/architecture/test_words.py": "its sample has them",
    "tests/migration/make_home_0_1.py": "runs with version 0.1 and uses its names",
}
