"""Figures of the installation for ``/metrics``, kept for a while: everyone may ask for them, and some cost seconds."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from api.platform.runs import PartState
from policycortex.errors import PolicyCortexError
from policycortex.settings import Settings
from policycortex.storage.registry import Registry
from policycortex.workflow.operations import (
    Distribution,
    Figure,
    load_distributions,
    load_import_figures,
    load_machine_figures,
    load_work_figures,
)

_KEPT_SECONDS: Final = 15.0
_KEPT_IMPORT_SECONDS: Final = 600.0
"""Figures of imports open the lake."""


@dataclass(slots=True)
class _Kept:
    """Figures and until when they are kept."""

    figures: tuple[Figure | Distribution, ...] = ()
    until: float = 0.0


@dataclass(slots=True, kw_only=True)
class InstallationFigures:
    """Loads them. Safe to share between threads: one loads."""

    settings: Settings
    open_registry: Callable[[], Registry]
    now: Callable[[], datetime]
    _state: _Kept = field(default_factory=_Kept)
    _imports: _Kept = field(default_factory=_Kept)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def load(self, check_parts: Callable[[], tuple[PartState, ...]]) -> tuple[Figure | Distribution, ...]:
        """All figures. What cannot be read now is left out; ``part_ready`` says which part is away.

        While another thread loads them, those of before, so that a slow part holds no more threads.
        """
        if not self._lock.acquire(blocking=False):
            return self._state.figures + self._imports.figures
        try:
            self._renew(self._state, _KEPT_SECONDS, lambda: self._load_state(check_parts()))
            self._renew(self._imports, _KEPT_IMPORT_SECONDS, lambda: load_import_figures(self.settings))
            return self._state.figures + self._imports.figures
        finally:
            self._lock.release()

    def _load_state(self, parts: tuple[PartState, ...]) -> tuple[Figure | Distribution, ...]:
        ready = Figure(
            name="part_ready",
            text="Whether each part that reports need works, as /readyz has it",
            label="part",
            values={part.name: float(part.is_ok) for part in parts},
        )
        machine = (ready, *load_machine_figures(self.settings, now=self.now()))
        try:
            registry = self.open_registry()
            return (*machine, *load_work_figures(registry, now=self.now()), *load_distributions(registry))
        except PolicyCortexError:
            return machine

    @staticmethod
    def _renew(kept: _Kept, seconds: float, load: Callable[[], tuple[Figure | Distribution, ...]]) -> None:
        if time.monotonic() < kept.until:
            return
        try:
            kept.figures = load()
        except PolicyCortexError:
            kept.figures = ()
        kept.until = time.monotonic() + seconds
