"""Writes docs/openapi.json: ``python -m api.openapi_document > docs/openapi.json``."""

import json
import sys
from pathlib import Path
from typing import Final

from api.app import create_app
from policycortex.settings import Settings

MAKE: Final = "python -m api.openapi_document > docs/openapi.json"


def print_document() -> str:
    """The document as JSON with one value per line, so that reviews show each change."""
    document = create_app(Settings(home=Path("never-opened"))).openapi()
    document["info"]["version"] = "1"  # the version of the contract; a release alone does not change it
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(print_document())
