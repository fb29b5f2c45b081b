"""Makes the document that both sides write: ``python -m benchmarks.workbook.findings FOLDER ROWS``."""

import pickle
import sys
from pathlib import Path

from tests.documents_sample import Sample, build_document

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    document = build_document(folder, Sample(findings=int(sys.argv[2]), accounts=40))
    (folder / "document.pickle").write_bytes(pickle.dumps(document))
