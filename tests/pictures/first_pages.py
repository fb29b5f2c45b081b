"""Page one of five report types from real homes, and whole reports as sheets: ``make gallery-reports``.

    python -m tests.pictures.first_pages HOME [SCAN] [FOLDER]

HOME has findings, such as the demo's. SCAN is a findings file, which is imported into a home of its own. Each picture
shows the reports of the newest whole month, or of the month of the scan. Look at them before you change a template, and
after.
"""

import json
import subprocess
import sys
from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from PIL import Image

from policycortex.period import Period
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake

_FOLDER: Final = Path(__file__).parents[2] / "docs" / "gallery"
_TYPES: Final = ("compliance", "audit", "risk", "trend", "remediation")
_EVER: Final = Period.of_days(date(1970, 1, 1), date(9999, 12, 30))
_GAP: Final = 12
_EXECUTIVE_PAGE: Final = 2


def main(home: Path, scan: Path | None, folder: Path) -> None:
    """Write ``first-pages-*.png`` of each data set, and ``whole-*.png`` of a compliance and an audit report."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as spool:
        for framework in ("soc2", "hipaa"):
            reports = list(_make(home, framework, Path(spool) / framework))
            _save(_first_pages(reports), folder / f"first-pages-{framework}.png", columns=3)
            if framework == "soc2":
                for kind, path in zip(_TYPES[:2], reports, strict=False):
                    _save(_pages(path, dots=60), folder / f"whole-{kind}.png", columns=6)
        if scan is not None:
            _run("ingest", str(scan), "--home", f"{spool}/scan")
            reports = list(_make(Path(spool) / "scan", "soc2", Path(spool) / "of-scan"))
            _save(_first_pages(reports), folder / "first-pages-scan.png", columns=3)


def _make(home: Path, framework: str, folder: Path) -> Iterator[Path]:
    """One PDF of each type."""
    with open_lake(Settings(home=home)) as lake:
        newest = lake.period_end.load_tallied_dates("default", _EVER)[-1]
    last = newest.replace(day=monthrange(newest.year, newest.month)[1])
    span = {"start": f"{newest:%Y-%m}-01T00:00:00Z", "end": f"{min(last, date.today())}T23:59:59Z"}  # noqa: DTZ011
    for kind in _TYPES:
        name = f"{newest:%B} {framework} {kind}"
        scope, options = {"date_range": span}, {"formats": ["pdf"]}
        body = {"name": name, "type": kind, "framework": framework, "scope": scope, "format_options": options}
        out = folder / kind
        out.mkdir(parents=True)
        request = out / "request.json"
        request.write_text(json.dumps(body))
        _run("report", str(request), "--home", str(home), "--out", str(out))
        yield next(out.glob("*.pdf"))


def _run(*arguments: str) -> None:
    program = Path(sys.executable).with_name("policycortex")
    subprocess.run([program, *arguments], check=True, stdout=subprocess.DEVNULL)


def _first_pages(reports: Sequence[Path]) -> list[Image.Image]:
    return [_pages(path, dots=80, page=_EXECUTIVE_PAGE)[0] for path in reports]


def _pages(path: Path, *, dots: int, page: int | None = None) -> list[Image.Image]:
    """Pictures of all pages, or of one."""
    only = [] if page is None else ["-f", str(page), "-l", str(page)]
    subprocess.run(["pdftoppm", "-png", "-r", str(dots), *only, str(path), str(path.with_suffix(""))], check=True)
    return [Image.open(found) for found in sorted(path.parent.glob(f"{path.stem}-*.png"))]


def _save(pages: Sequence[Image.Image], target: Path, *, columns: int) -> None:
    """The pages side by side on grey, in 160 colours, so that the repository stays small."""
    width, height = pages[0].size
    rows = -(-len(pages) // columns)
    sheet = Image.new("RGB", (columns * (width + _GAP) + _GAP, rows * (height + _GAP) + _GAP), "#8a949d")
    for number, page in enumerate(pages):
        sheet.paste(page, (_GAP + number % columns * (width + _GAP), _GAP + number // columns * (height + _GAP)))
    sheet.quantize(160).save(target, optimize=True)
    print(target)


if __name__ == "__main__":
    main(
        Path(sys.argv[1]),
        Path(sys.argv[2]) if len(sys.argv) > 2 else None,
        Path(sys.argv[3]) if len(sys.argv) > 3 else _FOLDER,
    )
