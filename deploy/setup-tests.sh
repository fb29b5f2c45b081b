#!/usr/bin/env bash
# Programs that only the tests need, from Debian's packages. What cannot be installed is told; its tests then fail.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/apt.sh
. deploy/apt.sh

# command:package
readonly TOOLS="curl:curl pdfinfo:poppler-utils"

missing=()
for tool in $TOOLS; do
    command -v "${tool%%:*}" >/dev/null || missing+=("${tool##*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
    printf 'setup: the tests need %s\n' "${missing[*]}" >&2
    apt_install "${missing[@]}" || printf 'setup: could not install them; run: apt-get install %s\n' "${missing[*]}" >&2
fi
