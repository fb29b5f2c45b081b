"""The HTML report in a headless Chromium, opened from disk: WCAG's rules, a phone's width, and a table that works."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest

from policycortex.documents.branding import Branding
from policycortex.documents.model import ReportDocument
from policycortex.documents.scope_values import NothingInScope
from policycortex.names import ReportFormat, ReportType
from policycortex.rendering.artifacts import render_artifact
from tests.support.browser import AXE, Browser, open_browser

pytestmark = pytest.mark.timeout(900)
Build = Callable[..., ReportDocument]
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_WIDTHS: Final = (390, 1440)
_OPEN_ALL: Final = "document.querySelectorAll('button.toggle[aria-expanded=false]').forEach((one) => one.click())"
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


def _views(*, is_phone_dark: bool) -> list[dict[str, Any]]:
    return [{"width": width, "height": 844, "dark": (width == _WIDTHS[0]) is is_phone_dark} for width in _WIDTHS]


@pytest.mark.parametrize(
    ("kind", "is_phone_dark"),
    [
        pytest.param(kind, is_dark, marks=() if is_dark is bool(number % 2) else pytest.mark.storm)
        for number, kind in enumerate(ReportType)
        for is_dark in (False, True)
    ],
)
def test_each_type_meets_wcag_and_asks_for_nothing(
    build: Build, tmp_path: Path, browser: Browser, kind: ReportType, is_phone_dark: bool
) -> None:
    """axe-core finds no violation of WCAG 2.2 A and AA, at a desk and on a phone, light and dark, in two languages.

    One type is dark on the phone and light at the desk, the next one the other way round; ``make storm`` has the rest.
    Only the file is read. On a phone every section is opened first, because nothing is found in a closed one.
    """
    document = build(type=kind, findings=12, locale="de" if kind in {ReportType.RISK, ReportType.AUDIT} else "en")
    path = render_artifact(document, ReportFormat.HTML, tmp_path).path
    for view in _views(is_phone_dark=is_phone_dark):
        browser.open_page(path, **view)
        browser.evaluate(_OPEN_ALL)
        browser.evaluate(AXE.read_text(encoding="utf-8"))
        assert browser.evaluate(_AXE_RUN) == [], view
        assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
        table = "document.querySelector('.part-findings .scroll')"
        if kind is not ReportType.STATEMENT_OF_APPLICABILITY:  # which has no section of findings
            assert browser.evaluate(f"{table}.scrollWidth <= {table}.clientWidth"), view
        assert browser.requested() == [path.as_uri()]
        assert not [e for e in browser.events if e["method"] in {"Runtime.exceptionThrown", "Log.entryAdded"}]


def test_the_only_section_is_open_on_a_phone(build: Build, tmp_path: Path, browser: Browser) -> None:
    """A report for which nothing is in scope says so at once."""
    document = build(findings=0, requirements=0)
    texts = {"nothing_in_scope_sentences": ("Nothing was found.",)}
    found = NothingInScope(filters=(), has_scans=False, last_scan_on=None)
    document = replace(document, section_values={**document.section_values, **texts, "nothing_in_scope": found})
    _show(browser, document, tmp_path, width=390, height=844)
    assert browser.evaluate("document.querySelectorAll('main > .part').length") == 1
    assert browser.evaluate("document.querySelectorAll('.part-body[hidden], button.toggle').length") == 0
    assert browser.evaluate("document.querySelector('.part .lead').textContent") == "Nothing was found."


def test_a_phone_shows_cards_and_closed_sections(build: Build, tmp_path: Path, browser: Browser) -> None:
    """906 findings and 61 requirements: under 15,000 pixels (61,042 before), a quarter; a link opens its section, no
    table is wider than the page, each figure of a card has the name of its column, and paper shows everything.
    """
    document = build(type=ReportType.AUDIT, findings=906, requirements=61)
    _show(browser, document, tmp_path, width=390, height=844)
    assert browser.evaluate("document.documentElement.scrollHeight") < 15_000
    closed = "[...document.querySelectorAll('.part-body[hidden]')].length"
    assert browser.evaluate(closed) == browser.evaluate("document.querySelectorAll('main > .part').length") - 2
    anchor = browser.evaluate("document.querySelector('h4[id]').id")
    browser.evaluate(
        f"(async () => {{ location.hash = '{anchor}'; while (document.querySelector('.part-evidence > [hidden]'))"
        " await new Promise((go) => setTimeout(go, 20)); })()"
    )
    assert browser.evaluate(f"document.getElementById('{anchor}').getBoundingClientRect().top") < 844
    browser.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert browser.evaluate(closed) == 0
    browser.evaluate("window.dispatchEvent(new Event('afterprint'))")
    browser.evaluate(_OPEN_ALL)
    wide = "[...document.querySelectorAll('table')].filter((one) => one.getBoundingClientRect().right > innerWidth)"
    assert browser.evaluate(f"{wide}.length") == 0
    nameless = "[...document.querySelectorAll('.cards tbody td.num')].filter((one) => !one.dataset.label)"
    assert browser.evaluate(f"{nameless}.length") == 0


def test_what_is_chosen_stands_in_the_address(build: Build, tmp_path: Path, browser: Browser) -> None:
    """Filters, words and order of one page are those of another that is opened with its address."""
    path = _show(browser, build(findings=240), tmp_path)
    browser.evaluate(
        "(() => { const box = document.querySelector('[data-filter=severity]');"
        " box.value = [...box.options].find((one) => one.text === 'Critical').value;"
        " box.dispatchEvent(new Event('change'));"
        " document.querySelector('th[data-column=region] button').click();"
        " document.querySelector('th[data-column=region] button').click(); })()"
    )
    rows = "[...document.querySelectorAll('#finding-table tbody tr')].map((row) => row.textContent)"
    address, chosen = browser.evaluate("location.hash"), browser.evaluate(rows)
    assert address == "#severity=critical&order=-region"
    browser.open_url(path.as_uri() + address)
    assert browser.evaluate(rows) == chosen
    assert browser.evaluate("document.querySelector('[data-filter=severity]').selectedOptions[0].text") == "Critical"
    assert browser.evaluate("document.querySelector('[aria-sort=descending]').dataset.column") == "region"
    browser.evaluate("document.getElementById('finding-tools').reset()")
    browser.evaluate(
        "(async () => { while (location.hash !== '#findings') await new Promise((go) => setTimeout(go, 20)); })()"
    )
    browser.open_url(path.as_uri() + "#requirement=CC6.1&status=&search=%E2%80%AE%25&order=-nothing")
    assert browser.evaluate("document.getElementById('finding-requirement').value") == "CC6.1"
    assert browser.evaluate("document.querySelector('[data-filter=status]').value") == ""


def test_the_font_is_in_the_file_where_it_is_requested(build: Build, tmp_path: Path, browser: Browser) -> None:
    """With ``branding.font`` the page is set in its own Inter, and still only the file is read."""
    document = build(findings=12)
    plain = _show(browser, document, tmp_path).stat().st_size
    assert browser.evaluate("document.fonts.size") == 0
    document = replace(document, header=replace(document.header, branding=Branding(font="inter")))
    path = _show(browser, document, tmp_path)
    assert browser.evaluate("document.fonts.ready.then((all) => [...all].map((one) => [one.family, one.status]))") == [
        ["Inter", "loaded"],
        ["Inter", "loaded"],
    ]
    assert 50_000 < path.stat().st_size - plain < 150_000
    assert {address.split(":")[0] for address in browser.requested()} == {"file", "data"}


def test_paper_is_light_where_the_screen_is_dark(build: Build, tmp_path: Path, browser: Browser) -> None:
    """A page printed from a dark screen has the light colours."""
    colour = "getComputedStyle(document.body).getPropertyValue('--ground').trim()"
    _show(browser, build(findings=12), tmp_path, dark=True)
    assert browser.evaluate(colour) == "#0e1a26"
    browser.call(
        "Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}]
    )
    assert browser.evaluate(colour) == "#ffffff"
    browser.call("Emulation.setEmulatedMedia", media="screen")


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
