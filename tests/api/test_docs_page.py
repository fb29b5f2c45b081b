"""``/docs`` in a real browser that can reach nothing but this server: it shows the API and can be used by hand."""

import hashlib
from pathlib import Path
from typing import Final

from tests.support.api_server import ApiServer
from tests.support.browser import open_browser

_TOOLS: Final = """
const until = async (what, find) => {
  for (let tries = 0; tries < 2400; tries++) {
    const found = find();
    if (found) return found;
    await new Promise(done => setTimeout(done, 50));
  }
  throw new Error("never seen: " + what);
};
const one = (selector) => until(selector, () => document.querySelector(selector));
const type = (field, text) => {
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, text);
  field.dispatchEvent(new Event("input", {bubbles: true}));
};
"""
_ASK: Final = """
(async () => {
  %s
  await one(".opblock");
  (await one(".authorize.unlocked, button.authorize")).click();
  type(await one(".modal-ux input[type=text], .modal-ux input[type=password]"), %r);
  (await one(".modal-ux button.authorize")).click();
  (await one(".modal-ux button.btn-done")).click();
  const list = "[id='operations-reports-list_reports'] ";
  (await one(list + ".opblock-summary-control")).click();
  (await one(list + ".try-out__btn")).click();
  (await one(list + "button.execute")).click();
  const status = await one(list + ".live-responses-table .response .response-col_status");
  return [document.querySelectorAll(".opblock").length, status.innerText.trim(),
          document.querySelector(list + ".live-responses-table .response").innerText];
})()
"""


def test_the_page_is_used_by_hand_with_no_other_host(folder_server: ApiServer, tmp_path: Path) -> None:
    """It draws every operation, takes a key, and a "Try it out" of the list answers 200 with the documented body."""
    _, token = folder_server.registry.keys.create_key(organization="by-hand", name="browser")
    with folder_server.bare_client() as client:
        operations = client.get("/openapi.json").json()["paths"]
    with open_browser(tmp_path / "profile") as browser:
        browser.open_url(f"{folder_server.url}/docs", height=2000)
        count, status, body = browser.evaluate(_ASK % (_TOOLS, token))
        requested = browser.requested()
        complaints = [e["params"]["entry"]["text"] for e in browser.events if e["method"] == "Log.entryAdded"]
    assert count >= sum(len(methods) for methods in operations.values())
    assert status == "200", body
    assert '"pagination"' in body
    assert any(url.startswith(f"{folder_server.url}/v1/reports") for url in requested)
    assert [url for url in requested if not url.startswith((folder_server.url, "data:", "blob:"))] == []
    assert complaints == []


def test_the_parts_are_what_the_publisher_made(folder_server: ApiServer) -> None:
    """Packed and unpacked alike, with the digests of npm's swagger-ui-dist 5.35.0; pages say what they may load."""
    with folder_server.bare_client() as client:
        for name, digest in (
            ("swagger-ui-bundle.js", "e6a898692f2d768e807c3ba4626068a69a2c5dd960dd6c76f3e4d3a3de180af2"),
            ("swagger-ui.css", "5ed08757e53da3e026d6cbecc61fe5d43585c9560b302d534ad56692519a273d"),
        ):
            for encoding in ("gzip", "identity"):
                answer = client.get(f"/docs/{name}", headers={"Accept-Encoding": encoding})
                assert answer.headers.get("Content-Encoding") == ("gzip" if encoding == "gzip" else None)
                assert hashlib.sha256(answer.content).hexdigest() == digest
        page = client.get("/docs")
        assert "script-src 'self';" in page.headers["Content-Security-Policy"]
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert "://" not in page.text
        missing = client.get("/docs/index.js.map")
        assert (missing.status_code, missing.json()["error_code"]) == (404, "RPT_006")
