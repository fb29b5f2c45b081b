#!/usr/bin/env bash
# Environments of the benchmarks: .venv-bench (the product as locked, and most peers), .venv-pandas (DuckDB imports pandas
# where it is installed) and .venv-prowler (its pins would change the product's). Needs `make setup` before. A second call is quick.
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

# Installs the dependency group $2 into $1, if that is not done yet.
make_peer() {
    is_current "$1" && return
    make_environment "$1"
    VIRTUAL_ENV="$PWD/$1" "$uv" pip install --quiet --group "$2" || return
    "$1/bin/python" -m compileall -q -j 0 "$1/lib" >/dev/null 2>&1 || true
    fingerprint >"$1/$STAMP"
}

if ! is_current .venv-bench; then
    make_environment .venv-bench
    VIRTUAL_ENV="$PWD/.venv-bench" "$uv" pip sync --quiet --require-hashes requirements.lock
    VIRTUAL_ENV="$PWD/.venv-bench" "$uv" pip install --quiet --no-deps --editable .
    VIRTUAL_ENV="$PWD/.venv-bench" "$uv" pip install --quiet --group bench
    .venv-bench/bin/python -m compileall -q -j 0 .venv-bench/lib >/dev/null 2>&1 || true
    fingerprint >".venv-bench/$STAMP"
fi
# Without them the benchmark `scoring` cannot run, and prints a message.
make_peer .venv-pandas bench-pandas || echo "setup: pandas could not be installed; scoring cannot be compared with it" >&2
make_peer .venv-prowler bench-prowler || echo "setup: Prowler could not be installed; scoring cannot be compared with it" >&2
