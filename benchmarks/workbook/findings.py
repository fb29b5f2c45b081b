"""Makes the document that all programs write: ``python -m benchmarks.workbook.findings FOLDER ROWS [REQUIREMENTS]``."""

import pickle
import sys
from pathlib import Path

from tests.support.samples.documents import Sample, build_document


def main(folder: str, rows: str, requirements: str = "13") -> None:
    """Write ``document.pickle`` and its findings into ``folder``."""
    sample = Sample(findings=int(rows), accounts=40, requirements=int(requirements))
    (Path(folder) / "document.pickle").write_bytes(pickle.dumps(build_document(Path(folder), sample)))


if __name__ == "__main__":
    main(*sys.argv[1:])
