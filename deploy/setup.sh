#!/usr/bin/env bash
# Installs everything the product needs into .venv, from requirements.lock, checked by hash; `setup.sh dev` from
# requirements-dev.lock, the same and the tools of checks and tests. A second call is quick: a stamp in .venv remembers
# what was installed. Needs: a Python 3.11 to 3.13 and a package index that pip can reach.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly STAMP=.venv/.policycortex-setup
readonly PANGO_PACKAGES="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
readonly PANGO_LIBRARIES="libpango-1.0.so.0 libpangoft2-1.0.so.0 libharfbuzz-subset.so.0"

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# The inputs of the environment; any change of them installs again.
fingerprint() { cat requirements.lock requirements-dev.lock pyproject.toml deploy/setup.sh | cksum; }

# True if the environment that $1 names is installed: "product", or "dev", which has all of the product's, too.
is_current() {
    local stamp
    stamp=$(cat "$STAMP" 2>/dev/null) || return 1
    [ "$stamp" = "dev $(fingerprint)" ] || [ "$stamp" = "$1 $(fingerprint)" ]
}

# Prints the command of a working uv, after fetching one into .uv if the machine has none. A private environment
# because many systems refuse installs into their own Python ("externally managed").
find_uv() {
    if uv --version >/dev/null 2>&1; then echo uv; return; fi
    if ! .uv/bin/uv --version >/dev/null 2>&1; then
        say "uv is not here; installing it into .uv"
        { python3 -m venv .uv && .uv/bin/python -m pip install --quiet --disable-pip-version-check uv; } >&2 ||
            { rm -rf .uv && python3 -m pip install --quiet --prefix .uv uv >&2; } ||
            die "cannot install uv; install it by hand (pip install uv), or install python3-venv and try again"
    fi
    echo .uv/bin/uv
}

install_python_packages() {
    local uv lock=requirements.lock
    [ "$1" = product ] || lock=requirements-dev.lock
    uv=$(find_uv)
    rm -f "$STAMP"
    if ! .venv/bin/python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
        say "making .venv"
        UV_PYTHON_DOWNLOADS=never "$uv" venv --quiet --clear --python '>=3.11,<3.14' .venv ||
            die "no Python 3.11 to 3.13 on this machine; install one (for example: apt-get install python3)"
    fi
    say "installing what $lock names"
    VIRTUAL_ENV="$PWD/.venv" "$uv" pip sync --quiet --require-hashes "$lock"
    VIRTUAL_ENV="$PWD/.venv" "$uv" pip install --quiet --no-deps --editable .
    # First imports take 4 to 8 seconds without bytecode, in each of five services.
    .venv/bin/python -m compileall -q -j 0 .venv/lib policycortex policycortex_cli policycortex_client \
        policycortex_console policycortex_mcp pipelines api >/dev/null 2>&1 || true
    echo "$1 $(fingerprint)" >"$STAMP"
}

has_pango() {
    if [ "$(uname -s)" != Linux ]; then .venv/bin/python -c 'import weasyprint' >/dev/null 2>&1; return; fi
    .venv/bin/python -c 'import ctypes, sys; [ctypes.CDLL(name) for name in sys.argv[1:]]' $PANGO_LIBRARIES >/dev/null 2>&1
}

install_pango() {
    has_pango && return
    say "PDF needs Pango; installing $PANGO_PACKAGES"
    # shellcheck source=deploy/apt.sh
    . deploy/apt.sh
    # shellcheck disable=SC2086
    apt_install $PANGO_PACKAGES || true
    has_pango || die "Pango is missing and could not be installed here; have an administrator run: apt-get install $PANGO_PACKAGES"
}

main() {
    local wanted=${1:-product}
    case $wanted in product | dev) ;; *) die "what to set up is product or dev, got $wanted" ;; esac
    if command -v flock >/dev/null; then
        exec 9>.setup.lock
        flock 9 # two makes at the same time would install into one environment
    fi
    is_current "$wanted" || install_python_packages "$wanted"
    install_pango
}

main "$@"
