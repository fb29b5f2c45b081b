"""What a delivered report says of itself, once for all channels: facts, headline and the parts of the mail."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from policycortex.delivery.model import DeliveredFile, DeliveryContent
from policycortex.errors import ConfigurationError

_MEGABYTE = 1_000_000


def facts_of(content: DeliveryContent) -> tuple[tuple[str, str], ...]:
    """Label and value, the most telling first."""
    counts = content.failed_by_severity
    worst = ", ".join(f"{counts[severity]} {severity}" for severity in ("critical", "high") if counts.get(severity))
    violations = f"{content.total_violations:,}" + (f" ({worst})" if worst else "")
    return (
        ("Compliance score", content.score_text),
        ("Violations", violations),
        ("Framework", content.framework_name),
        ("Period", content.period_text),
    )


def size_text(file: DeliveredFile) -> str:
    """``8.3 MB``; below a tenth in kB."""
    if file.size_bytes < _MEGABYTE / 10:
        return f"{max(file.size_bytes / 1000, 0.1):.1f} kB"
    return f"{file.size_bytes / _MEGABYTE:.1f} MB"


def render_mail(name: str, content: DeliveryContent, *, message: str, has_attachments: bool) -> str:
    """The text of ``templates/email/<name>``."""
    template = _environment().get_template(f"email/{name}")
    return template.render(
        report=content, facts=facts_of(content), message=message, has_attachments=has_attachments, size_text=size_text
    )


@cache
def _environment() -> Environment:
    package = Path(str(files("policycortex")))
    for folder in (package / "_templates", package.parent / "templates"):
        if (folder / "email").is_dir():
            return Environment(
                loader=FileSystemLoader(folder),
                autoescape=select_autoescape(["html"]),
                undefined=StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
            )
    raise ConfigurationError(f"the mail templates are missing beside {package}; install the package again")
