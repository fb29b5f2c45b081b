# To be sourced: apt_install PACKAGE... installs as root, or by sudo where it asks for no password; else returns 1.
apt_install() {
    local as_root=()
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || return 1
        as_root=(sudo -n)
    fi
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 ||
        { "${as_root[@]}" apt-get update -qq >/dev/null 2>&1 &&
            "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }
}
