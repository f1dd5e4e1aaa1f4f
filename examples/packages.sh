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

# What the finder of faces needs.
need_finder() {
    need_command g++ g++
    need_file '/usr/include/dlib/image_processing/frontal_face_detector.h' libdlib-dev
}

# need_photo FILE: a photograph that may be shown: Grace Hopper, official portrait of the US Navy (public domain), of Debian's
# python-matplotlib-data, which is taken apart and not installed.
need_photo() {
    photo_path=usr/share/matplotlib/mpl-data/sample_data/grace_hopper.jpg
    if [ -e "/$photo_path" ]; then
        cp "/$photo_path" "$1"
        return
    fi
    photo_folder=$(mktemp -d) || return 1
    (
        cd "$photo_folder" || exit 1
        apt-get download -qq python-matplotlib-data 2>/dev/null || {
            photo_sudo=
            [ "$(id -u)" = 0 ] || photo_sudo=sudo
            $photo_sudo apt-get update -qq && apt-get download -qq python-matplotlib-data
        } && dpkg-deb -x python-matplotlib-data*.deb .
    ) && cp "$photo_folder/$photo_path" "$1" || photo_path=
    rm -rf "$photo_folder"
    [ -n "$photo_path" ]
}
