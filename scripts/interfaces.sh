#!/usr/bin/env bash
# Builds the packages of test/interfaces/ for an environment of scripts/setup.sh, and installs them
# there: interfaces of ROS packages that have no wheel. Does nothing when they are there already.
#
# A package is a folder of msg/, srv/ and action/ files; what stands in its folder jazzy/, kilted/...
# takes their place for that distribution.
#
#     scripts/interfaces.sh [ENVIRONMENT]     .venv by default
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# A distribution that is sourced, or another environment, would be taken for this one.
unset AMENT_PREFIX_PATH CMAKE_PREFIX_PATH LD_LIBRARY_PATH PYTHONHOME PYTHONPATH _ROS_WHEELS_BOOTSTRAP_COMPLETE

say() { printf '\033[1m[interfaces]\033[0m %s\n' "$*" >&2; }
fail() { printf '[interfaces] %s\n' "$*" >&2; exit 1; }

environment=${1:-.venv}
[ -x "$environment/bin/python" ] || fail "$environment is no environment; run scripts/setup.sh first"
environment=$(realpath "$environment")
python=$environment/bin/python
site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
distribution=$(basename -a "$site"/ros_*_rclpy-*.dist-info | cut -d_ -f2 | head -1)
[ "$distribution" != '*' ] || fail "$environment has no rclpy from a wheel ros-...-rclpy"
state=$environment/.interfaces # what was built, and the list of files that were installed for it

# Field lists, this script, and the wheels and numpy that the result is compiled against.
fingerprint() {
    find test/interfaces scripts/interfaces.sh -type f -exec sha256sum {} + | sort
    basename -a "$site"/{ros_,numpy-}*.dist-info
}
[ "$(cat "$state/fingerprint" 2>/dev/null)" != "$(fingerprint)" ] || exit 0

packages=(cmake g++ make python3-dev)
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
    say "apt packages: ${missing[*]}"
    if [ "$(id -u)" = 0 ]; then as_root=(); elif command -v sudo >/dev/null; then as_root=(sudo); else
        fail "missing apt packages; ask an administrator for: apt-get install ${missing[*]}"
    fi
    "${as_root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

names=()
for folder in test/interfaces/*/; do names+=("$(basename "$folder")"); done
say "${names[*]} for $distribution (half a minute)"
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
log=$build/log
run() { "$@" >>"$log" 2>&1 || { tail -n 40 "$log" >&2; fail "failed: $*"; }; }

# The wheels' generators, whose dependencies do not name what CMake needs of one another. What is
# in the environment stays as it is.
generators=(ament-package ament-cmake ament-cmake-include-directories rosidl-core-generators rosidl-default-generators)
case $distribution in
    jazzy) generators+=(ament-cmake-ros ament-cmake-gmock ament-cmake-gtest ament-cmake-pytest python-cmake-module) ;;
    *) generators+=(ament-cmake-ros-core) ;;
esac
"$python" -m pip freeze --exclude-editable | grep -E '^(ros-|numpy=)' >"$build/constraints.txt"
run "$python" -m pip install --disable-pip-version-check -c "$build/constraints.txt" "${generators[@]/#/ros-$distribution-}"

# The packages whose fields a package has: everything before the slash of a type, but itself.
dependencies() {
    find "$build/$1" -mindepth 2 -maxdepth 2 -type f -exec grep -ohE '^[a-z][a-z0-9_]*/[A-Z]' {} + | cut -d/ -f1 | sort -u | grep -vx "$1"
}
for name in "${names[@]}"; do
    mkdir "$build/$name"
    cp -r "test/interfaces/CMakeLists.txt" "test/interfaces/$name/." "$build/$name"
    [ ! -d "$build/$name/$distribution" ] || cp -r "$build/$name/$distribution/." "$build/$name"
done
mapfile -t ordered < <(for name in "${names[@]}"; do
    echo "$name $name"
    for dependency in $(dependencies "$name"); do echo "$dependency $name"; done
done | tsort | grep -xFf <(printf '%s\n' "${names[@]}"))

# What an earlier run installed, and the folders of its Python packages, which hold __pycache__ too.
if [ -f "$state/files" ]; then
    xargs -d '\n' rm -f <"$state/files"
    { grep -oE "^$site/[^/]+" "$state/files" || true; } | sort -u | xargs -d '\n' rm -rf
fi
rm -rf "$state"
mkdir "$state"
export AMENT_PREFIX_PATH=$environment
for name in "${ordered[@]}"; do
    run cmake -S "$build/$name" -B "$build/$name/build" -DCMAKE_PREFIX_PATH="$environment" \
        -DCMAKE_INSTALL_PREFIX="$environment" -DPython3_EXECUTABLE="$python" -DPYTHON_INSTALL_DIR="$site" \
        -DBUILD_TESTING=OFF -DDEPENDS="$(dependencies "$name" | paste -sd';')"
    run cmake --build "$build/$name/build" --parallel 2
    run cmake --install "$build/$name/build"
    { cat "$build/$name/build/install_manifest.txt" && echo; } >>"$state/files"
done
fingerprint >"$state/fingerprint"
say "done: $SECONDS s"
