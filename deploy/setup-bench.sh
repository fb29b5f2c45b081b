#!/usr/bin/env bash
# Environments of the benchmarks: .venv-bench (the product as locked, and its peers) and .venv-prowler (Prowler, whose
# pins would change the product's). Needs `make setup` before. A second call is quick.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly STAMP=.policycortex-setup

uv=$(command -v uv || true)
[ -n "$uv" ] || uv=.uv/bin/uv
fingerprint() { cat requirements.lock pyproject.toml deploy/setup-bench.sh | cksum; }

is_current() { [ -f "$1/$STAMP" ] && [ "$(cat "$1/$STAMP")" = "$(fingerprint)" ]; }

make_environment() {
    printf 'setup: making %s\n' "$1" >&2
    UV_PYTHON_DOWNLOADS=never "$uv" venv --quiet --clear --python .venv/bin/python "$1"
}

if ! is_current .venv-bench; then
    make_environment .venv-bench
    VIRTUAL_ENV="$PWD/.venv-bench" "$uv" pip sync --quiet --require-hashes requirements.lock
    VIRTUAL_ENV="$PWD/.venv-bench" "$uv" pip install --quiet --no-deps --editable .
    VIRTUAL_ENV="$PWD/.venv-bench" "$uv" pip install --quiet --group bench
    .venv-bench/bin/python -m compileall -q -j 0 .venv-bench/lib >/dev/null 2>&1 || true
    fingerprint >".venv-bench/$STAMP"
fi
if ! is_current .venv-prowler; then
    make_environment .venv-prowler
    # Without it only the part `scoring` cannot run, and says so.
    if VIRTUAL_ENV="$PWD/.venv-prowler" "$uv" pip install --quiet --group bench-prowler; then
        .venv-prowler/bin/python -m compileall -q -j 0 .venv-prowler/lib >/dev/null 2>&1 || true
        fingerprint >".venv-prowler/$STAMP"
    else
        echo "setup: Prowler could not be installed; scoring cannot be compared with it" >&2
    fi
fi
