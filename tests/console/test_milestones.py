"""Milestones in the console: added, replaced and completed by a form each, with what is wrong beside its field."""

import re
from datetime import timedelta

from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.poam_numbers import number_organization
from tests.console.conftest import ConsoleServer
from tests.support.samples.lake import finding, import_findings


def test_a_milestone_is_added_replaced_and_completed(console: ConsoleServer) -> None:
    """By its author's name; what was replaced or completed has no such link; a viewer has no form."""
    organization = f"{console.api.organization}-steps"
    day = console.api.clock().date() - timedelta(days=1)
    with open_lake(console.api.settings) as lake:
        lake.state.rebuild_state(import_findings(lake, [finding(day)], organization=organization))
        number_organization(lake, organization)
    owner = console.sign_in(organization=organization)
    wrong = owner.submit("/milestones", {"item": "POAM-00009", "text": "Review", "due_on": "2026-12-31"})
    assert wrong.status_code == 400
    assert "No weakness POAM-00009" in wrong.text
    assert 'value="POAM-00009"' in wrong.text
    new: dict[str, str | list[str]] = {
        "item": "POAM-00001",
        "framework": "",
        "text": "Review <b>it</b>",
        "due_on": "2026-12-31",
        "role": "Owner",
    }
    assert owner.submit("/milestones", new).status_code == 303
    page = owner.get("/milestones").text
    assert "Review &lt;b&gt;it&lt;/b&gt;" in page
    assert f"{owner.key.name}, Owner" in page
    [first] = re.findall(r"completes=(mst_[0-9a-f]+)", page)
    assert f'name="replaces" value="{first}"' in owner.get("/milestones", replaces=first).text
    assert owner.submit("/milestones", {"replaces": first, "text": "Later", "due_on": "2027-01-31"}).status_code == 303
    [second] = re.findall(r"completes=(mst_[0-9a-f]+)", owner.get("/milestones").text)
    assert second != first
    assert owner.submit("/milestones", {"completes": second, "text": "Done"}).status_code == 303
    page = owner.get("/milestones").text
    assert "completes=" not in page
    assert [page.count(f">{word}</span>") for word in ("Done", "Completed", "Replaced", "Open")] == [1, 1, 1, 0]
    assert owner.get("/milestones", item="POAM-00001").text.count('href="/milestones?item=POAM-00001"') == 3
    assert "No milestone matches this filter." in owner.get("/milestones", item="POAM-00001/CC6.1").text
    assert "Must be the number of an item or weakness" in owner.get("/milestones", item="first").text
    again = owner.submit("/milestones", {"completes": first, "text": "Done"})
    assert (again.status_code, "was replaced already" in again.text) == (409, True)
