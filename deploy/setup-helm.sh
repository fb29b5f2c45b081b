#!/usr/bin/env bash
# helm, which checks and renders the chart of deploy/helm, built from its sources into .test-tools. Apart from the programs
# of `make test`, because the build takes minutes. It needs as new a Go as its module says, which Debian's package is not.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly HELM=v3.22.0 MARK=.test-tools/.policycortex-helm
[ "$(cat "$MARK" 2>/dev/null)" != "$HELM" ] || exit 0
printf 'setup: building helm %s into .test-tools; this takes minutes\n' "$HELM" >&2
mkdir -p .test-tools
# Without the developer's own Go settings, outside of any Go module.
if command -v go >/dev/null && (cd / && GOTOOLCHAIN=local GOFLAGS= GOBIN="$OLDPWD/.test-tools" go install -ldflags="-s -w" "helm.sh/helm/v3/cmd/helm@$HELM"); then
    printf '%s\n' "$HELM" >"$MARK"
else
    printf 'setup: could not build helm. It needs Go; run: GOBIN=$PWD/.test-tools go install helm.sh/helm/v3/cmd/helm@%s\n' "$HELM" >&2
    exit 1
fi
