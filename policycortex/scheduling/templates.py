"""Schedule templates, to which a user adds a delivery. The data is in ``data/templates.yaml``."""

from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@cache
def load_schedule_templates() -> tuple[dict[str, Any], ...]:
    """Each with ``id``, ``name``, ``description``, ``schedule`` and ``report_template``, from daily to annual."""
    text = (files("policycortex.scheduling") / "data" / "templates.yaml").read_text(encoding="utf-8")
    return tuple(yaml.safe_load(text))
