"""Risk weights from a file: its values are merged with the defaults; its errors are named."""

from pathlib import Path

import pytest

from policycortex.errors import ConfigurationError
from policycortex.scoring.risk_file import load_risk_weights, parse_risk_weights
from policycortex.scoring.risk_model import RiskPart, RiskWeights


def test_without_a_file_the_defaults_apply(tmp_path: Path) -> None:
    """The same for an empty file."""
    assert load_risk_weights(tmp_path / "risk.yaml") == RiskWeights()
    (tmp_path / "risk.yaml").write_text("")
    assert load_risk_weights(tmp_path / "risk.yaml") == RiskWeights()


def test_one_number_can_be_changed_alone(tmp_path: Path) -> None:
    """The others keep their defaults."""
    (tmp_path / "risk.yaml").write_text(
        "parts: {severity: 0.2, age: 0.4}\ncriticality: {qa: 0.1}\nsla_days: {high: 14}\n"
    )
    weights = load_risk_weights(tmp_path / "risk.yaml")
    assert (weights.parts[RiskPart.SEVERITY], weights.parts[RiskPart.AGE], weights.parts[RiskPart.EXPOSURE]) == (
        0.2,
        0.4,
        0.2,
    )
    assert weights.degrees == RiskWeights().degrees
    assert (weights.criticality["qa"], weights.criticality["production"]) == (0.1, 1.0)
    assert (weights.sla_days["high"], weights.sla_days["low"]) == (14, 180)


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ([1], "may contain only ceilings"),
        ({"wieghts": {}}, "may contain only ceilings"),
        ({"parts": 3}, "parts must be a table"),
        ({"parts": {"luck": 1}}, "parts has no 'luck'; it has severity, exposure"),
        ({"severity": {"high": True}}, "severity.high must be a number"),
        ({"exposure_words": "public"}, "must be a list of words"),
        ({"bands": {"soon": 1}}, "bands has no 'soon'; it has act_now, act_soon, plan"),
        ({"burden": "4000"}, "burden must be a number"),
        ({"degrees": {"age": 0.9}}, "degrees add up to 1.75, not 1"),
        ({"parts": {"age": 0.9}}, "parts add up to 1.7, not 1"),
    ],
)
def test_an_error_is_named(tree: object, message: str) -> None:
    """One error with the reason."""
    with pytest.raises(ConfigurationError, match=message):
        parse_risk_weights(tree, name="risk.yaml")


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    """The error contains its path."""
    (tmp_path / "risk.yaml").write_text("parts: {")
    with pytest.raises(ConfigurationError, match=r"cannot read risk weights from .*risk\.yaml"):
        load_risk_weights(tmp_path / "risk.yaml")
