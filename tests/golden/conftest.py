"""Golden files: what an artifact was when somebody last looked at it. ``--update-golden`` writes them anew."""

from collections.abc import Callable
from pathlib import Path

import pytest

from policycortex.documents.model import ReportDocument
from tests.support.samples.documents import Sample, build_document


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, bytes], None]:
    """Compares bytes with the file of that name under ``tests/golden/files``; both are there to read on failure."""

    def compare(name: str, content: bytes) -> None:
        path = Path(__file__).parent / "files" / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        assert path.is_file(), f"{path} is missing; look at the output, then run with --update-golden"
        assert content == path.read_bytes(), f"{name} changed; if that is meant, run with --update-golden"

    return compare


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., ReportDocument]:
    """Makes a sample document; keyword arguments are fields of ``Sample``."""

    def make(**fields: object) -> ReportDocument:
        return build_document(tmp_path, Sample(**fields))  # type: ignore[arg-type]

    return make
