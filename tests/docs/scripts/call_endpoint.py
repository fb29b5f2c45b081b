"""Serves the API with the example endpoint and calls it; prints the answers."""

import json
import sys
from pathlib import Path

import httpx

from api.app import create_app
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from tests.support.api_server import FakeBackfills, FakeRunLauncher, serve

settings = Settings(home=Path(sys.argv[1]) / "home", dagster_url="http://127.0.0.1:1")
registry = open_registry(settings)
_, token = registry.keys.create_key(organization="default", name="test")
registry.close()
app = create_app(settings, launcher=FakeRunLauncher(), backfills=FakeBackfills())
for url in serve(app):
    refused = httpx.get(f"{url}/v1/formats").status_code
    answer = httpx.get(f"{url}/v1/formats", headers={"Authorization": f"Bearer {token}"})
    documented = "/v1/formats" in httpx.get(f"{url}/openapi.json").json()["paths"]
print(json.dumps([refused, answer.status_code, [each["name"] for each in answer.json()["formats"]], documented]))
