"""The API's contract changes only on purpose: docs/openapi.json is what the application says of itself."""

from pathlib import Path

from api.openapi_document import MAKE, print_document

SNAPSHOT = Path(__file__).parents[2] / "docs" / "openapi.json"


def test_the_published_document_is_the_applications_own() -> None:
    """A route, field, status or example that changed shows in the diff of the snapshot."""
    assert SNAPSHOT.read_text() == print_document(), f"the API's contract changed; if that is meant, run: {MAKE}"
