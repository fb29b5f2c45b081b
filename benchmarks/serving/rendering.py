"""``python -m benchmarks.serving.rendering HOME``: renders one report per line of its input; prints wall seconds.

What a run of the installation does beyond this is reading, composing, storing, and being a run.
"""

import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from benchmarks.serving.body import FORMATS, body
from policycortex.documents.locales import open_locale
from policycortex.documents.model import ReportDocument
from policycortex.frameworks.catalog import load_frameworks
from policycortex.names import DEFAULT_ORGANIZATION, ReportFormat
from policycortex.rendering.artifacts import render_artifact
from policycortex.requests import Known, ReportRequest, parse_request
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.analytics_days import risk_weights
from policycortex.workflow.reports import compose_from_lake, rendering_options


def main(home: str) -> None:
    """Compose once, render on demand, until the input ends."""
    settings = Settings(home=Path(home))
    now = datetime.fromisoformat(body()["scope"]["date_range"]["end"])
    order = parse_request(body(), organization=DEFAULT_ORGANIZATION, now=now, known=Known(frameworks=("soc2",)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        document = _compose(settings, order.framework or "", order, folder, now)
        for _ in sys.stdin:
            began = time.perf_counter()
            for report_format in FORMATS:
                render_artifact(
                    document, ReportFormat(report_format), folder, options=rendering_options(settings, order)
                )
            print(time.perf_counter() - began, flush=True)


def _compose(settings: Settings, framework: str, order: ReportRequest, folder: Path, now: datetime) -> ReportDocument:
    with open_lake(settings) as lake:
        return compose_from_lake(
            lake,
            order,
            load_frameworks(settings.custom_frameworks_dir)[framework],
            waivers=(),
            report_id="rpt_0000000000000000",
            folder=folder,
            now=now,
            weights=risk_weights(settings),
            locale=open_locale(order.locale, settings.templates_dir),
        )


if __name__ == "__main__":
    main(sys.argv[1])
