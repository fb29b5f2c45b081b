#!/usr/bin/env bash
# Builds both wheels into dist/, installs the product by name into a new environment outside the sources, runs the demo there,
# and writes the bill of materials of that environment (CycloneDX 1.6) to dist/. Needs `make setup` before, and a package index.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly SOURCES=$PWD BOM_TOOL="cyclonedx-bom>=7.5,<8"
say() { printf 'distribution: %s\n' "$*" >&2; }

uv=$(command -v uv || true)
[ -n "$uv" ] || uv=$SOURCES/.uv/bin/uv
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say "building the wheels"
rm -f dist/*.whl dist/*.json
"$uv" build --quiet --wheel --out-dir dist .
"$uv" build --quiet --wheel --out-dir dist clients/python

say "installing policycortex-reports into a new environment, with the locked versions"
sed -E 's/ *\\$//; /^ *--hash=/d' requirements.lock >"$work/versions.txt"
UV_PYTHON_DOWNLOADS=never "$uv" venv --quiet --python "$SOURCES/.venv/bin/python" "$work/environment"
readonly PYTHON=$work/environment/bin/python
"$uv" pip install --quiet --python "$PYTHON" --find-links dist --constraints "$work/versions.txt" 'policycortex-reports[mcp]'

cd "$work"
unset PYTHONPATH
"$PYTHON" - "$work/environment" <<'PROGRAM'
import importlib, sys
for name in ("policycortex", "policycortex_cli", "policycortex_client", "policycortex_console", "policycortex_mcp", "pipelines", "api"):
    found = importlib.import_module(name).__file__
    assert found.startswith(sys.argv[1]), f"{name} is from {found}"
PROGRAM
say "running the demo"
"$work/environment/bin/policycortex" --version
"$work/environment/bin/policycortex" demo --out "$work/demo" >"$work/demo.log" 2>&1 || { tail -20 "$work/demo.log" >&2; exit 1; }
grep 'SOC 2 Compliance:' "$work/demo.log"
for ending in pdf xlsx html json csv; do test -s "$work/demo/soc-2-compliance.$ending"; done
"$work/environment/bin/policycortex" reports list --home "$work/demo/home"

say "writing the bill of materials"
"$uv" venv --quiet --python "$SOURCES/.venv/bin/python" "$work/tools"
"$uv" pip install --quiet --python "$work/tools/bin/python" "$BOM_TOOL"
"$work/tools/bin/cyclonedx-py" environment "$PYTHON" --pyproject "$SOURCES/pyproject.toml" --spec-version 1.6 \
    --output-reproducible --validate --output-file "$SOURCES/dist/policycortex-reports.cdx.json"
say "dist/ has $(cd "$SOURCES/dist" && ls | tr '\n' ' ')"
