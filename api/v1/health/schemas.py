"""Response bodies of health checks."""

from api.platform.responses import ResponseModel


class Health(ResponseModel):
    """The process runs."""

    status: str


class PartAnswer(ResponseModel):
    """The state of one part that reports need."""

    name: str
    ok: bool
    detail: str


class Readiness(ResponseModel):
    """Whether reports can be produced, with the state of each part."""

    status: str
    parts: list[PartAnswer]
