"""Sample findings are deterministic and valid, and change over time as real ones do."""

from collections import Counter
from datetime import date
from pathlib import Path

from policycortex.findings.model import Finding, ParsedItem, QuarantinedRecord
from policycortex.findings.samples import CLOUDS, load_sample_checks, write_samples
from policycortex.period import Period
from tests.support.found_files import find_sources, read_findings

QUARTER = Period.of_days(date(2026, 8, 1), date(2026, 10, 31))


def read(folder: Path) -> list[ParsedItem]:
    """All records of all files of a folder."""
    return [record for source in find_sources([folder]) for record in read_findings(source)]


def test_the_same_arguments_write_the_same_bytes(tmp_path: Path) -> None:
    """Two folders have the same content; another seed gives other content."""
    period = Period.of_days(date(2026, 10, 1), date(2026, 10, 8))
    first, second, other = (
        write_samples(tmp_path / name, period=period, findings_per_scan=60, seed=seed)
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert [path.read_bytes() for path in first] != [path.read_bytes() for path in other]
    assert not list((tmp_path / "a").glob("*.part"))


def test_every_scan_has_the_requested_good_findings_and_additional_bad_ones(tmp_path: Path) -> None:
    """Three clouds, fourteen weeks, 150 findings a scan, 9 bad records of at least five kinds."""
    files = write_samples(tmp_path, period=QUARTER, findings_per_scan=150, bad_records=9)
    records = read(tmp_path)
    good = [each for each in records if isinstance(each, Finding)]
    bad = [each for each in records if isinstance(each, QuarantinedRecord)]
    assert len(files) == 14 * len(CLOUDS)
    assert set(Counter((each.provider, each.observed_at) for each in good).values()) == {150}
    assert len(bad) == 9
    assert len({each.reason.split(" at byte")[0] for each in bad}) >= 5
    assert {each.status for each in good} == {"PASS", "FAIL", "MANUAL"}
    assert {each.environment_tag for each in good} == {"production", None}


def test_findings_are_muted_share_uids_are_fixed_and_fail_again(tmp_path: Path) -> None:
    """The samples have the cases that reports must handle."""
    write_samples(tmp_path, period=QUARTER, findings_per_scan=400, clouds=("aws",), accounts_per_cloud=2)
    good = [each for each in read(tmp_path) if isinstance(each, Finding)]
    assert any(each.is_muted for each in good)
    last = [each for each in good if each.observed_at == good[-1].observed_at]
    assert len({each.finding_uid for each in last}) < len({(each.check_id, each.resource_uid) for each in last})
    stories: dict[tuple[str, str], str] = {}
    for each in sorted(good, key=lambda finding: finding.observed_at):
        key = (each.check_id, each.resource_uid)
        stories[key] = stories.get(key, "") + each.status[0]
    assert any("FP" in story for story in stories.values())
    assert any("PF" in story for story in stories.values())


def test_sample_checks_are_related_to_the_three_frameworks() -> None:
    """Every check names at least one requirement; each cloud has checks for all three frameworks."""
    for cloud in CLOUDS:
        checks = load_sample_checks()[cloud]
        assert 25 <= len(checks) <= 50
        assert all(check.compliance for check in checks)
        assert {key for check in checks for key in check.compliance} == {"SOC2", "HIPAA", "ISO27001-2022"}
