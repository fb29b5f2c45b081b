"""The two versions of the product that are compared: this one, and the one before the redesign, as in the history."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from benchmarks.data import BENCH
from benchmarks.harness import ROOT

NOW, BEFORE = "this version", "version before"
_COMMIT: Final = "a32f7afdc632e8dcf698fac133fa317600bc48a9"
"""The last version of 2026-11-27. All its dependencies are dependencies of this version, in the same versions."""
_MONTHS: Final = 3
_PACKAGES: Final = ("api", "pipelines", "policycortex", "policycortex_cli", "policycortex_console")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A tree of source files, run by the interpreter of this process."""

    name: str
    folder: Path
    entry: str
    """The module that holds ``main``."""

    def command(self, *arguments: str) -> list[str]:
        """The command line of the product."""
        return [sys.executable, "-c", f"from {self.entry} import main; main()", *arguments]

    def environment(self, home: Path) -> dict[str, str]:
        """Variables for its processes."""
        return os.environ | {"PYTHONPATH": str(self.folder), "POLICYCORTEX_HOME": str(home)}


def both_versions(folder: Path) -> tuple[Version, Version]:
    """This version and the one before, which is taken from the history of the repository into ``folder``."""
    before = folder / "before"
    if not before.exists():
        files = folder / "before.tar"
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "archive", f"--output={files}", _COMMIT], cwd=ROOT, check=True)
        before.mkdir()
        subprocess.run(["tar", "-xf", str(files), "-C", str(before)], check=True)
        files.unlink()
    for tree in (ROOT, before):  # as an installation is; a start would compile 800 files
        packages = [str(tree / name) for name in _PACKAGES if (tree / name).exists()]
        subprocess.run([sys.executable, "-m", "compileall", "-q", *packages], check=True)
    return (
        Version(name=NOW, folder=ROOT, entry="policycortex_cli"),
        Version(name=BEFORE, folder=before, entry="policycortex.cli"),
    )


def last_months() -> tuple[datetime, datetime]:
    """Start and end of the months that the demo fills: the last three whole ones."""
    end = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    start = end
    for _ in range(_MONTHS):
        start = (start - timedelta(days=1)).replace(day=1)
    return start, end


def findings_of_demo(folder: Path) -> list[Path]:
    """The findings that ``policycortex demo`` imports, written once."""
    files = folder / "findings"
    if not files.exists():
        command = [sys.executable, "-m", "benchmarks.serving.versions", str(files)]
        subprocess.run(command, cwd=ROOT, check=True)
    return sorted(path for path in files.rglob("*") if path.is_file())


def make_home(version: Version, folder: Path, findings: Sequence[Path] = ()) -> Path:
    """A new home with these findings, or else with all of the demo."""
    home = folder / ("home-now" if version.name == NOW else "home-before")
    subprocess.run(["rm", "-rf", str(home)], check=True)
    home.mkdir(parents=True)
    subprocess.run(
        version.command("ingest", *map(str, findings or findings_of_demo(folder))),
        env=version.environment(home), check=True, cwd=home, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return home


def main(folder: str) -> None:
    """Write the findings into ``folder``."""
    from policycortex.findings.samples import write_samples  # noqa: PLC0415 - the parent imports nothing large
    from policycortex.period import Period  # noqa: PLC0415

    start, end = last_months()
    write_samples(Path(folder), period=Period(start=start, end=end))


SERVING: Final = BENCH / "serving"

if __name__ == "__main__":
    main(*sys.argv[1:])
