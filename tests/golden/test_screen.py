"""The HTML report in a headless Chromium, opened from disk: WCAG's rules, a phone's width, and a table that works."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from policycortex.documents.model import ReportDocument
from policycortex.names import ReportFormat, ReportType
from policycortex.rendering.artifacts import render_artifact
from tests.support.browser import AXE, Browser, open_browser

pytestmark = pytest.mark.timeout(900)
Build = Callable[..., ReportDocument]
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_AXE_RUN = f"""axe.run(document, {{runOnly: {json.dumps(_RULES)}}}).then((found) => found.violations.map(
    (rule) => [rule.id, rule.nodes.map((node) => node.html.slice(0, 200))]))"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all tests of this file."""
    assert AXE.is_file(), f"{AXE} is missing; run deploy/setup-tests.sh"
    with open_browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


def _show(browser: Browser, document: ReportDocument, folder: Path, **view: Any) -> Path:  # noqa: ANN401 - as open_page takes it
    path = render_artifact(document, ReportFormat.HTML, folder).path
    browser.open_page(path, **view)
    return path


@pytest.mark.parametrize("kind", list(ReportType))
def test_each_type_meets_wcag_and_asks_for_nothing(
    build: Build, tmp_path: Path, browser: Browser, kind: ReportType
) -> None:
    """axe-core finds no violation of WCAG 2.2 A and AA, at a desk or on a phone, and only the file is read."""
    is_phone = kind in {ReportType.AUDIT, ReportType.TREND}
    view = {"width": 390, "height": 844} if is_phone else {"dark": kind is ReportType.REMEDIATION}
    path = _show(browser, build(type=kind, findings=12), tmp_path, **view)
    browser.evaluate(AXE.read_text(encoding="utf-8"))
    assert browser.evaluate(_AXE_RUN) == []
    assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert browser.requested() == [path.as_uri()]
    assert not [e for e in browser.events if e["method"] in {"Runtime.exceptionThrown", "Log.entryAdded"}]


def test_findings_are_searched_filtered_and_sorted(build: Build, tmp_path: Path, browser: Browser) -> None:
    """Rows follow the words, the filters and the order chosen; the count tells n of N; no match says so."""
    document = build(findings=240)
    _show(browser, document, tmp_path)
    findings = document.findings.head(240)
    rows = "[...document.querySelectorAll('#finding-table tbody tr')]"
    count = "document.getElementById('finding-count').textContent"
    assert browser.evaluate(count) == "1 to 50 of 240 findings"
    browser.evaluate(
        "(async () => { const box = document.getElementById('finding-search'); box.value = 'EBS00 iam root';"
        " box.value = 'iam_root'; box.dispatchEvent(new Event('input'));"
        f" while (!{count}.includes('filtered')) await new Promise((go) => setTimeout(go, 20)); }})()"
    )
    wanted = findings.filter(findings["check_id"] == "iam_root_mfa_enabled").height
    assert browser.evaluate(count).endswith(f"of {wanted} findings (filtered from 240)")
    browser.evaluate(
        "(() => { const box = document.querySelector('[data-filter=status]');"
        " box.value = [...box.options].find((one) => one.text === 'Fail').value;"
        " box.dispatchEvent(new Event('change')); })()"
    )
    failing = findings.filter((findings["check_id"] == "iam_root_mfa_enabled") & (findings["status"] == "FAIL")).height
    assert browser.evaluate(f"{rows}.length") == failing
    browser.evaluate("(() => { document.getElementById('finding-tools').reset(); })()")
    browser.evaluate(
        f"(async () => {{ while ({count}.includes('filtered')) await new Promise((go) => setTimeout(go, 20)); }})()"
    )
    browser.evaluate("document.querySelector('th[data-column=region] button').click()")
    shown = browser.evaluate(f"{rows}.map((row) => row.cells[4].textContent)")
    assert shown == sorted(findings["region"].to_list())[:50]
    assert browser.evaluate("document.querySelector('th[data-column=region]').getAttribute('aria-sort')") == "ascending"


def test_a_requirement_leads_to_its_failing_findings_and_back(build: Build, tmp_path: Path, browser: Browser) -> None:
    """Its link filters the table to its failing findings, as does the address; a finding links its requirements."""
    document = build(findings=240)
    path = _show(browser, document, tmp_path)
    findings = document.findings.head(240)
    of_one = findings.filter((pl.col("status") == "FAIL") & pl.col("requirements").list.contains("CC6.1"))
    rows = "[...document.querySelectorAll('#finding-table tbody tr')]"
    numbers = f"{rows}.map((row) => row.querySelector('.checks').textContent.split(' ')[0])"
    filtered = "document.getElementById('finding-count').textContent.includes('filtered')"
    browser.evaluate(
        "(async () => { document.querySelector('a[href=\"#requirement=CC6.1\"]').click();"
        f" while (!{filtered}) await new Promise((go) => setTimeout(go, 20)); }})()"
    )
    assert browser.evaluate(numbers) == of_one["number"].to_list()
    browser.evaluate("document.querySelector('#finding-table .more').click()")
    links = browser.evaluate("[...document.querySelectorAll('.facts a')].map((a) => a.getAttribute('href'))")
    titles = browser.evaluate("[...document.querySelectorAll('.facts a')].map((a) => a.textContent)")
    assert titles == of_one["requirements"][0].to_list()
    assert [browser.evaluate(f"document.querySelector('{link}') !== null") for link in links] == [True] * len(links)
    text = path.read_text(encoding="utf-8")
    assert of_one["status_detail"][0] in text


def test_hostile_texts_do_nothing_in_a_browser(build: Build, tmp_path: Path, browser: Browser) -> None:
    """No dialog, no request, no element and no error comes of them, in the page and in an opened row."""
    path = _show(browser, build(findings=57, hostile=True), tmp_path)
    browser.evaluate("document.querySelectorAll('button.more').forEach((button) => button.click())")
    assert browser.evaluate("document.querySelectorAll('img, link[href], iframe').length") == 0
    assert browser.requested() == [path.as_uri()]
    events = {event["method"] for event in browser.events}
    assert not events & {"Page.javascriptDialogOpening", "Runtime.exceptionThrown", "Log.entryAdded"}
