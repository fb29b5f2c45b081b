"""Uploads beside lists: memory of the API, and the time of lists while findings are uploaded and imported.

Run: ``.venv/bin/python -m benchmarks.uploads [FINDINGS [BYTES]]``: 300,000 findings, and a cut and a whole upload of
1 GB. The figures of docs/inputs.md come from here.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import psutil

from benchmarks.api.load import Call, LoadResult, measure
from benchmarks.api.programs import Program, our_api
from benchmarks.api.seed import Seeded, seed_reports
from benchmarks.data import ocsf_file

_REPORTS: Final = 1_000
_CONNECTIONS: Final = 4
_SLICE_SECONDS: Final = 5.0
_PIECE: Final = 1 << 20
_LIST: Final = Call(name="list", method="GET", path="/v1/reports?limit=20")


def main(findings: int = 300_000, byte_size: int = 1_000_000_000) -> None:
    """All of it, on a home of its own."""
    file = ocsf_file(findings)
    print(f"{findings:,} findings, {file.stat().st_size / 1e6:.0f} MB; load average {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        seeded = seed_reports(Path(folder) / "home", _REPORTS)
        with our_api(seeded.settings) as program:
            _beside("nothing else", program, seeded, lambda: time.sleep(2 * _SLICE_SECONDS))
            _beside("uploads of the file", program, seeded, lambda: _send_file(program, seeded, file))
            importing = [
                str(Path(sys.executable).with_name("policycortex")),
                "ingest",
                str(file),
                "--home",
                str(seeded.settings.home),
            ]
            _beside("its import", program, seeded, lambda: subprocess.run(importing, check=True, capture_output=True))
            before, waiting = _uploads(program, seeded), _large_files(seeded)
            _beside("a cut upload", program, seeded, lambda: _send(program, seeded, byte_size, byte_size // 2))
            time.sleep(1)
            left = _large_files(seeded) - waiting
            more = _uploads(program, seeded) - before
            print(f"after the cut: {more} more uploads, {len(left)} more large files in landing")
            _beside("a whole upload", program, seeded, lambda: _send(program, seeded, byte_size, byte_size))


def _beside(label: str, program: Program, seeded: Seeded, work: Callable[[], object]) -> None:
    """Print the times of lists during the work, slice by slice, and the most memory that the API has used so far."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    thread, began = threading.Thread(target=run), time.perf_counter()
    thread.start()
    slices: list[LoadResult] = []
    while thread.is_alive() or not slices:
        slices.append(measure(program.port, _LIST, seeded.token, connections=_CONNECTIONS, seconds=_SLICE_SECONDS))
    seconds = time.perf_counter() - began
    if errors:
        raise errors[0]
    medians, tails = [each.median_ms for each in slices], [each.p99_ms for each in slices]
    print(
        f"lists beside {label:<20} {seconds:6.1f} s  median {max(medians):6.1f} ms  p99 {max(tails):7.1f} ms (worst of"
        f" {len(slices)} slices)  API at most {_peak_mb(program):4.0f} MB"
    )


def _peak_mb(program: Program) -> float:
    """The kernel's figure of the process's largest resident size."""
    status = Path(f"/proc/{psutil.Process(program.pid).pid}/status").read_text()
    (line,) = (each for each in status.splitlines() if each.startswith("VmHWM:"))
    return int(line.split()[1]) / 1000


def _large_files(seeded: Seeded) -> set[Path]:
    """Files of the landing zone that are larger than a piece."""
    return {path for path in (seeded.settings.home / "landing").rglob("*") if path.stat().st_size > _PIECE}


def _uploads(program: Program, seeded: Seeded) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=60)
    connection.request("GET", "/v1/imports?limit=1", headers={"Authorization": f"Bearer {seeded.token}"})
    total: int = json.loads(connection.getresponse().read())["pagination"]["total"]
    return total


def _send_file(program: Program, seeded: Seeded, file: Path) -> None:
    with file.open("rb") as stream:
        _post(program, seeded, file.stat().st_size, iter(lambda: stream.read(_PIECE), b""))


def _send(program: Program, seeded: Seeded, byte_size: int, sent: int) -> None:
    """An upload that announces ``byte_size`` bytes and sends ``sent``."""
    piece = b"[" + b" " * (_PIECE - 1)
    _post(program, seeded, byte_size, (piece[: min(_PIECE, sent - start)] for start in range(0, sent, _PIECE)))


def _post(program: Program, seeded: Seeded, byte_size: int, pieces: Iterator[bytes]) -> None:
    head = f"POST /v1/imports?name=bench.json HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {seeded.token}\r\n"
    sent = 0
    with socket.create_connection(("127.0.0.1", program.port), timeout=120) as connection:
        connection.sendall(f"{head}Content-Length: {byte_size}\r\n\r\n".encode())
        for piece in pieces:
            connection.sendall(piece)
            sent += len(piece)
        if sent == byte_size:
            status = connection.recv(200).split(b"\r\n", 1)[0].decode()
            print(f"    {sent / 1e6:.0f} MB: {status}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
