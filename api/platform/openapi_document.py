"""docs/openapi.json, made of the application: ``python -m api.platform.openapi_document > docs/openapi.json``."""

import json
import sys
from pathlib import Path
from typing import Final

from api.app import create_app
from policycortex.settings import Settings

MAKE: Final = "python -m api.platform.openapi_document > docs/openapi.json"


def print_document() -> str:
    """The whole document as JSON, one value a line, so that a change shows in review."""
    document = create_app(Settings(home=Path("never-opened"))).openapi()
    document["info"]["version"] = "1"  # the contract's, not the release's: a release alone changes no contract
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(print_document())
