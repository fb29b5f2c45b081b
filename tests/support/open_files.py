"""Files that the process of a test has open."""

from pathlib import Path


def open_files(folder: Path) -> list[str]:
    """Those below the folder."""
    found = [str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    return [name for name in found if name.startswith(str(folder))]
