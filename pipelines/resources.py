"""What assets are given: configuration only. Connections are opened by the core, after a run has its own process."""

from pathlib import Path

import dagster as dg

from policycortex.settings import Settings


class CoreResource(dg.ConfigurableResource[Settings]):
    """Where this installation lives; all else comes from ``POLICYCORTEX_*``, so that no secret enters Dagster."""

    home: str = ""
    is_retrying: bool = True
    """False where a person waits at a terminal: the core's own patience with a locked lake is enough there."""

    def settings(self) -> Settings:
        """The core's settings; an empty ``home`` leaves the choice to ``POLICYCORTEX_HOME``."""
        return Settings.from_environment(home=Path(self.home) if self.home else None)
