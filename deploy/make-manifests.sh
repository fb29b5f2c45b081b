#!/usr/bin/env bash
# Writes deploy/kubernetes/api.yaml and ui.yaml: what the chart makes of deploy/helm/examples/beside-dagster-chart.yaml.
# With a folder as argument it writes them there. made-from.sha256 has the digests of the chart's files and of the two,
# by which a test without helm sees that they belong together.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly FOLDER=${1:-deploy/kubernetes} VALUES=deploy/helm/examples/beside-dagster-chart.yaml
readonly HELM=.test-tools/helm
[ -x "$HELM" ] || { printf 'manifests: no %s; deploy/setup-helm.sh builds it\n' "$HELM" >&2; exit 1; }

# helm knows no cluster here, and would take a version that is too old for the chart.
render() { "$HELM" template policycortex deploy/helm --kube-version 1.33.0 --values "$VALUES" --show-only "templates/$1.yaml"; }

for part in api ui; do
    {
        printf '# Made by make manifests from deploy/helm with %s, which says what it needs.\n' "${VALUES#deploy/helm/}"
        printf '# Not run here (no cluster); tests/unit/deploy checks it.\n'
        render "$part"
        [ "$part" = ui ] || render serviceaccount
    } | grep -v -e '^# Source: ' -e '^ *$' >"$FOLDER/$part.yaml"
done

find deploy/helm -type f | LC_ALL=C sort | xargs sha256sum >"$FOLDER/made-from.sha256"
(cd "$FOLDER" && sha256sum api.yaml ui.yaml) >>"$FOLDER/made-from.sha256"
