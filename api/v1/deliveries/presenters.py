"""Response bodies of deliveries, made from the registry's rows."""

from api.v1.deliveries.schemas import AttemptAnswer, DeliveryAnswer
from policycortex.names import DeliveryStatus
from policycortex.storage.registry.schedule_rows import DeliveryRow


def present_delivery(row: DeliveryRow, *, has_attempts: bool = False) -> DeliveryAnswer:
    """One delivery; its attempts only in details."""
    attempts = [AttemptAnswer.model_validate(attempt) for attempt in row.attempts]
    return DeliveryAnswer(
        id=row.id,
        report_id=row.report_id,
        schedule_id=row.schedule_id,
        channel=row.channel,
        connection=row.connection,
        target=row.target,
        status=row.status,
        attempt_count=row.number,
        next_attempt_at=row.next_attempt_at if row.status is DeliveryStatus.PENDING else None,
        created_at=row.created_at,
        ended_at=row.ended_at,
        reason=row.reason or None,
        receipt=dict(row.receipt) if row.receipt is not None else None,
        attempts=attempts if has_attempts else None,
    )
