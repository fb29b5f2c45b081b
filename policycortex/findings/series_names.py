"""Names of a series of files: the same tool on the same target, run after run. Pure.

Names and folders differ between runs by dates and by numbers of runs only; whatever else differs is taken as another
target. A number counts as that of a run only after a word for runs: ``scan-2`` is ``scan``, but ``repo2`` is ``repo2``.
"""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

_SUFFIXES: Final = frozenset(
    (
        ".json", ".jsonl", ".ndjson", ".sarif", ".csv", ".parquet", ".ocsf", ".asff", ".gz", ".zst", ".zstd", ".bz2",
        ".xz", ".zip", ".tar", ".tgz", ".tbz2", ".txz", ".txt", ".out",
    )
)  # fmt: skip
_DATE: Final = re.compile(
    r"(?<!\d)(?:19|20)\d\d([-_.]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])"
    r"(?:[Tt_\- ]?(?:[01]\d|2[0-3])[-_:.h]?[0-5]\d(?:[-_:.m]?[0-5]\d(?:[.,]\d+)?)?s?(?:Z|[+-]\d\d:?\d\d)?)?(?!\d)"
)
_MONTH: Final = re.compile(r"(?<!\d)20\d\d[-_](?:0[1-9]|1[0-2])(?!\d)")
_EPOCH: Final = re.compile(r"(?<!\d)1\d{9}(?:\d{3})?(?!\d)")
_RUN_NUMBER: Final = re.compile(
    r"(?<![A-Za-z])(d|day|run|scan|results?|reports?|outputs?|out|exports?|findings?|build|job|pipeline|attempt|week|wk"
    r"|month|nightly|daily|weekly)[-_ .#]?\d+(?![A-Za-z\d])",
    re.IGNORECASE,
)
_RUN_ID: Final = re.compile(r"\d+|[0-9a-f]{7,40}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DATE_FOLDER: Final = re.compile(r"\d{1,2}|(?:19|20)\d\d")
"""A folder that is only a year, a month, a day or an hour."""
_SEPARATORS: Final = re.compile(r"[-_ .]{2,}")
_EDGES: Final = "-_ .,:#()[]"

_GENERIC_WORDS: Final = frozenset(
    (
        "d", "day", "run", "scan", "scans", "result", "results", "report", "reports", "output", "outputs", "out",
        "export", "exports", "finding", "findings", "build", "builds", "job", "pipeline", "attempt", "week", "wk",
        "month", "nightly", "daily", "weekly", "latest", "new", "json", "sarif", "csv", "ocsf", "asff", "parquet",
        "cli", "data", "landing", "inbox", "upload", "uploads", "download", "downloads", "artifact", "artifacts",
        "tmp", "temp", "home", "checkov", "trivy", "semgrep", "codeql", "tfsec", "kics", "snyk", "prowler",
        "kubescape", "bench", "kube", "security", "compliance", "var", "opt", "mnt", "srv", "root", "shm", "dev",
    )
)  # fmt: skip
"""Words that say nothing of what was scanned."""

_GENERIC_ROOTS: Final = _GENERIC_WORDS | frozenset(
    (
        "src", "source", "sources", "code", "app", "apps", "repo", "repos", "repository", "work", "_work", "workdir",
        "workspace", "workspaces", "project", "projects", "tf", "iac", "terraform", "github", "gitlab", "bitbucket",
        "vsts", "runner", "runners", "agent", "_temp", "s", "a", "b", "circleci", "jenkins", "drone", "woodpecker",
        "codefresh", "volume", "codebuild", "atlassian", "pipelines", "users", "user", "usr", "local", "harness",
        "jenkins_home", "azagent", "vss", "1", "2", "3",
    )
)  # fmt: skip
"""Folders into which build systems and containers put any repository."""


def series_of_name(name: str) -> str:
    """A file's or folder's name without endings, dates and numbers of runs: ``shop`` of ``shop-2026-11-24.sarif``."""
    path = PurePosixPath(name)
    while path.suffix.lower() in _SUFFIXES:
        path = path.with_suffix("")
    text = _MONTH.sub("", _DATE.sub("", str(path)))
    text = _RUN_NUMBER.sub(r"\1", _EPOCH.sub("", text))
    return _SEPARATORS.sub("-", text).strip(_EDGES)


def series_of_folders(folders: Sequence[str]) -> str:
    """The nearest folder whose name says what was scanned; "" if none does. ``folders`` from the outermost."""
    for folder in reversed(folders):
        if not _DATE_FOLDER.fullmatch(folder) and not _is_generic(series := series_of_name(folder)):
            return series
    return ""


def series_of_file(folders: Sequence[str], name: str) -> str:
    """The series of a file by its folders, from the outermost, and its name: ``repo-a/main``.

    A name that says nothing (``results.sarif``) is left out if a folder says something.
    """
    folder, series = series_of_folders(folders), series_of_name(name)
    if folder and _is_generic(series):
        return folder
    return "/".join(part for part in (folder, series or name) if part)


def automation_category(given: str) -> str:
    """``automationDetails.id`` of SARIF without its last part if that names the run: a date, a number, a digest."""
    *category, last = given.strip("/").split("/")
    is_run = not series_of_name(last) or _RUN_ID.fullmatch(last) is not None
    return "/".join(category if is_run and not given.endswith("/") else (*category, series_of_name(last)))


def named_root(path: str) -> str:
    """The path of a scanned folder, if it names a repository; "" for ``/src`` and other folders of any repository."""
    folder = path.removeprefix("file://").rstrip("/")
    is_generic = not folder.startswith("/") or all(
        part.lower() in _GENERIC_ROOTS or part.isdecimal() for part in PurePosixPath(folder).parts[1:]
    )
    return "" if is_generic else folder


def _is_generic(series: str) -> bool:
    return all(word in _GENERIC_WORDS for word in re.split(r"[^a-z0-9]+", series.lower()) if word)
