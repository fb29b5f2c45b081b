"""Response bodies of backfills, made from the orchestrator's state."""

from api.platform.backfills import BackfillState
from api.v1.backfills.schemas import BackfillAnswer, BackfillProgress


def present_backfill(state: BackfillState, base_url: str) -> BackfillAnswer:
    """One backfill with its progress."""
    progress = BackfillProgress(
        total=state.targeted, completed=state.done, failed=state.failed, in_progress=state.in_progress
    )
    return BackfillAnswer(
        id=state.id,
        status=state.status,
        start=state.start,
        end=state.end,
        frameworks=list(state.frameworks),
        created_at=state.created_at,
        ended_at=state.ended_at,
        progress=progress,
        failure=state.failure,
        progress_url=f"{base_url}/v1/backfills/{state.id}",
    )
