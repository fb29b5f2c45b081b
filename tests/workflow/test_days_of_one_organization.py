"""An import of one organisation costs the others nothing: their days are neither assessed nor written."""

from datetime import date
from pathlib import Path

from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.analytics_days import rebuild_analytics
from policycortex.workflow.posture import rebuild_days, score_days
from tests.support.samples.lake import finding, import_findings

DAY, OTHER_DAY = date(2024, 3, 4), date(2024, 3, 5)
RELATIONS = '{"SOC2":["cc_6_1"]}'


def test_an_organisation_without_scans_on_the_days_is_left_alone(tmp_path: Path) -> None:
    """Only the scanned one has new results and analytics; those of the other are kept, and no snapshot is of them."""
    settings = Settings(home=tmp_path / "home")
    with open_lake(settings) as lake:
        import_findings(lake, [finding(DAY, relations=RELATIONS)], organization="one")
        import_findings(lake, [finding(OTHER_DAY, relations=RELATIONS)], organization="two")
        rebuild_days(settings, [DAY, OTHER_DAY])
        assert {score.organization for score in score_days(settings, [OTHER_DAY])} == {"two"}
        before = int(lake.snapshot())
        assert {(score.organization, score.day) for score in score_days(settings, [DAY])} == {("one", DAY)}
        assert int(lake.snapshot()) == before + 1
        assert {(built.organization, built.day) for built in rebuild_analytics(settings, [DAY])} == {("one", DAY)}
        assert _stored(settings, "two") == [OTHER_DAY]


def test_results_of_a_day_without_scans_are_removed(tmp_path: Path) -> None:
    """Once; where nothing is stored, nothing is written."""
    settings = Settings(home=tmp_path / "home")
    with open_lake(settings) as lake:
        import_findings(lake, [finding(DAY, relations=RELATIONS)], organization="one")
        rebuild_days(settings, [DAY])
        score_days(settings, [DAY])
        assert _stored(settings, "one") == [DAY]
        lake.results.remove_results("one", [DAY, OTHER_DAY])
        after = lake.snapshot()
        assert _stored(settings, "one") == []
        lake.results.remove_results("one", [DAY, OTHER_DAY])
        assert lake.snapshot() == after


def _stored(settings: Settings, organization: str) -> list[date]:
    wanted = {"organization": organization, "days": [DAY, OTHER_DAY]}
    with open_lake(settings) as lake:
        stored: list[date] = lake.session.fetch("stored_result_days", wanted)["observed_date"].to_list()
        return stored
