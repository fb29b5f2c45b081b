"""CPU time of each page of the console, with 100,000 reports and a million findings.

Run: ``python -m benchmarks.pages [REPORTS [FINDINGS]]``. A page may cost twice what its calls of the API cost, and
150 ms. The home is made once, which takes some minutes.
"""

import asyncio
import sys

from api.app import create_app
from benchmarks.data import SCAN_DAY
from benchmarks.harness import ROUNDS, Measured
from benchmarks.pages.home import prepare_home
from benchmarks.pages.walk import CallRecorder, Cost, Walk
from benchmarks.results import BenchmarkTable, Limit, save
from policycortex_console.app import Console

PAGE, CALLS, FIGURE = "page", "API calls", "cpu_ms"
MOST_MS, MOST_RATIO = 150, 2
_WHY_RATIO = (
    "the page's own work, 2 to 4 ms for the session, the template and the calls, is more than its small calls cost"
)
_WHY_MS = "the calls beneath cost as much: relating checks to requirements, and some queries of the lake"
_OPENINGS = 5
_DAY = SCAN_DAY.date()
_PAGES = {
    "Overview": "/",
    "Reports": "/reports",
    "Reports, searched": "/reports?q=Report+7&status=completed",
    "One report": "/reports/{report_id}",
    "Order form": "/reports/new",
    "Frameworks": "/controls",
    "One framework": f"/controls/soc2?day={_DAY}",
    "One requirement": f"/controls/soc2/requirement?id=CC6.1&day={_DAY}",
    "Findings": f"/findings?status=FAIL&framework=soc2&day={_DAY}",
    "Schedules": "/schedules",
    "Waivers": "/waivers",
    "Attestations": "/attestations",
    "Evidence requests": "/evidence-requests",
    "Imports": "/imports",
    "Keys and people": "/keys",
    "Audit log": "/audit",
    "Health": "/health",
}


async def main(reports: int, findings: int) -> None:
    """Every page in each round."""
    seeded = prepare_home(reports, findings)
    recorder = CallRecorder(create_app(seeded.settings))
    walk = Walk(Console(recorder, seeded.settings), recorder, seeded.token)
    await walk.sign_in()
    found: dict[str, list[Cost]] = {name: [] for name in _PAGES}
    for number in range(ROUNDS):
        for name, path in _PAGES.items():
            cost = await walk.open(path.format(report_id=seeded.report_id), _OPENINGS)
            print(f"  round {number + 1}: {name}: {cost}", file=sys.stderr, flush=True)
            found[name].append(cost)
    size = f"{reports:,} reports and {findings:,} findings"
    save("pages", f"Pages of the console, {size}", [_table(name, costs) for name, costs in found.items()])


def _table(name: str, costs: list[Cost]) -> BenchmarkTable:
    return BenchmarkTable(
        name=name,
        measured=[
            Measured(name=PAGE, figures={FIGURE: [each.page_ms for each in costs]}),
            Measured(name=CALLS, figures={FIGURE: [each.calls_ms for each in costs]}),
        ],
        limits=[
            Limit(figure=FIGURE, ours=PAGE, against=CALLS, at_most=MOST_RATIO, why_missed=_WHY_RATIO),
            Limit(figure=FIGURE, ours=PAGE, at_most=MOST_MS, why_missed=_WHY_MS),
        ],
        columns=(FIGURE,),
        note=f"Mean CPU time of {_OPENINGS} openings; the page makes {costs[0].calls} calls.",
    )


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    asyncio.run(main(*(given + [100_000, 1_000_000][len(given) :])))
