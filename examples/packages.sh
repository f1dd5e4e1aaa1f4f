# shellcheck shell=sh
# Sourced by quickstart.sh and tests/run.sh: need WHAT PACKAGE... notes Debian packages that are missing, need_install installs them.
packages_missing=

# need_command NAME PACKAGE
need_command() { command -v "$1" >/dev/null 2>&1 || packages_missing="$packages_missing $2"; }

# need_file 'PATTERN...' PACKAGE
need_file() {
    for need_path in $1; do
        [ -e "$need_path" ] && return 0
    done
    packages_missing="$packages_missing $2"
}

need_install() {
    [ -n "$packages_missing" ] || return 0
    echo "installing$packages_missing"
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "Please install what these Debian packages hold, then run this again:$packages_missing" >&2
        return 1
    fi
    need_sudo=
    [ "$(id -u)" = 0 ] || need_sudo=sudo
    $need_sudo apt-get update -qq || return 1
    # shellcheck disable=SC2086 # words on purpose
    $need_sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages_missing >/dev/null || return 1
    packages_missing=
}

# What building the library needs.
need_build() {
    need_command gcc gcc
    need_command cmake cmake
    need_command ninja ninja-build
    need_file '/usr/include/stdio.h' libc6-dev
    need_file '/usr/include/dnnl.h /usr/include/*/dnnl.h' libdnnl-dev
    need_file '/usr/include/stb/stb_image.h' libstb-dev
    need_file '/usr/include/zlib.h' zlib1g-dev
}
