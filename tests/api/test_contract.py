"""The API keeps its own OpenAPI document, whatever a generator of requests thinks of."""

import os
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api.app import create_app
from policycortex.settings import Settings
from tests.support.api_server import ApiServer

EXAMPLES = int(os.environ.get("POLICYCORTEX_TEST_CONTRACT_EXAMPLES", "25"))
"""Of each operation; the habit's 25 take a minute, a release deserves hundreds."""

_DOCUMENT = create_app(Settings(home=Path("never-opened"))).openapi()
_FOUND: Any = schemathesis.openapi.from_dict(_DOCUMENT).get_all_operations()
_OPERATIONS = [found.ok() for found in _FOUND]


@pytest.fixture(scope="module")
def authorization(folder_server: ApiServer) -> str:
    """Of a key that may everything, in an organisation of its own."""
    _, token = folder_server.registry.keys.create_key(organization="generated", name="fuzz", scopes=["admin"])
    return f"Bearer {token}"


@pytest.mark.parametrize("operation", _OPERATIONS, ids=lambda operation: operation.label)
def test_every_answer_is_in_the_document(operation: Any, authorization: str, folder_server: ApiServer) -> None:  # noqa: ANN401
    """No 5xx, no status, media type or body outside the document, no bad input taken for good."""
    folder_server.launcher.reset()
    folder_server.clock.reset()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:  # noqa: ANN401 - Schemathesis' type is generic over its internals
        case.call_and_validate(
            base_url=folder_server.url,
            headers={"Authorization": authorization},
            timeout=30,
            excluded_checks=[positive_data_acceptance],  # dates against each other and the clock: no schema can say it
        )

    check()


def test_the_document_is_openapi_3_1_with_the_documented_example(folder_server: ApiServer) -> None:
    """Version and body of the running API's own answer."""
    document = httpx.get(f"{folder_server.url}/openapi.json", trust_env=False, timeout=60).json()
    assert document["openapi"].startswith("3.1")
    body = document["paths"]["/v1/reports"]["post"]["requestBody"]["content"]["application/json"]
    assert body["example"]["name"] == "Monthly Security Assessment"
