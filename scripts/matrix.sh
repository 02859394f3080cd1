#!/usr/bin/env bash
# The tests on each platform, and the README's table of them; see --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh

usage() {
    cat <<TEXT
usage: scripts/matrix.sh [--system NAME]... [--bind FOLDER]... [PYTEST_ARGUMENT...]

Runs tests on Kilted and on Jazzy, each with numpy 1 and numpy 2, here and on other systems, and writes
the README's table from what they gave. The other systems are folders that debootstrap makes below
$systems, for which root is needed. By default the tests are those that cover each
node and the core below it in a few minutes. What ran before stays in the table until it runs again.

  --system NAME   here, debian-13 (Python 3.13) or ubuntu-24.04 (Python 3.12); all three by default
  --bind FOLDER   shown to the other systems too, e.g. one of Python packages that pip looks into
  -h, --help      this text
TEXT
}

systems=${XDG_CACHE_HOME:-$HOME/.cache}/reachy_mini_ros/systems
results=.matrix
chosen=() shown=()
while [ $# -gt 0 ]; do
    case "$1" in
        --system | --bind) [ $# -gt 1 ] || refuse "$1 needs a value" ;;&
        --system) chosen+=("$2") && shift ;;
        --bind) shown+=("$(realpath "$2")") && shift ;;
        -h | --help) usage && exit ;;
        *) break ;;
    esac
    shift
done
[ "${#chosen[@]}" -gt 0 ] || chosen=(here debian-13 ubuntu-24.04)
for name in "${chosen[@]}"; do
    case "$name" in
        here | debian-13 | ubuntu-24.04) ;;
        *) refuse "unknown system '$name': here, debian-13 or ubuntu-24.04" ;;
    esac
done
[ $# -gt 0 ] || set -- test/robot/{geometry,daemon/test_link.py,motion/test_commander.py,test_driver.py} \
    test/media/test_{webrtc,encoded,recording,sources}.py test/simulation test/web/test_dashboard_api.py \
    test/nodes/{audio,camera,control,dashboard,stream}/test_node.py test/nodes/common

run_here() {
    local system python venv versions
    system=$(. /etc/os-release && echo "$NAME $VERSION_ID" | sed 's,GNU/Linux ,,')
    for distro in kilted jazzy; do
        for numpy in 1 2; do
            say "$system, ${distro^}, numpy $numpy"
            if ! venv=$(scripts/setup.sh --distro "$distro" --numpy "$numpy" --tests); then
                say "not possible here, see above" && continue
            fi
            scripts/interfaces.sh "$venv"
            python=$(realpath "$venv")/bin/python
            versions=$("$python" -c 'import sys, numpy; print(*sys.version_info[:2], numpy.__version__)')
            "$python" -m pytest -n 2 --dist loadfile -o "cache_dir=.pytest_cache/matrix" \
                -o "junit_suite_name=$system, Python ${versions/ /.}" \
                --junit-xml "$results/$system-$distro-numpy$numpy.xml" "$@" || say "some failed, see above"
        done
    done
}

run_there() { # in the folder of another system, as it is when newly installed
    local name="$1" suite components script more=() root="$systems/$1" bound
    shift
    [ "$(id -u)" = 0 ] || fail "--system $name makes a chroot, for which root is needed"
    command -v debootstrap >/dev/null || fail "debootstrap is not here: apt-get install debootstrap"
    case "$name" in
        debian-13) suite=trixie components=main ;;
        # As Ubuntu's releases before: Debian's debootstrap may be older than this one.
        ubuntu-24.04)
            suite=noble components=main,universe
            script=/usr/share/debootstrap/scripts/gutsy
            more=("$(sed -n 's/.*default_mirror \(.*archive\.\S*\).*/\1/p' "$script")" "$script")
            ;;
    esac
    if [ ! -e "$root/etc/made" ]; then
        say "$name into $root, some minutes"
        rm -rf "$root" && mkdir -p "$root"
        debootstrap --variant=minbase "--components=$components" --include=ca-certificates,git "$suite" "$root" "${more[@]}" >"$root.log" ||
            fail "debootstrap failed, see $root.log"
        touch "$root/etc/made"
    fi
    # The network and the certificates of this machine.
    cp /etc/resolv.conf "$root/etc/"
    cp --remove-destination -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
    [ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$root/etc/"
    rm -rf "$root/root/reachy_mini_ros" && git clone -q . "$root/root/reachy_mini_ros"
    mkdir -p "$results" "$root/root/reachy_mini_ros/$results"
    bound=(/proc /sys /dev "${shown[@]}")
    unshare --mount --propagation private bash -euc '
        root=$1 results=$2 && shift 2
        while [ "$1" != -- ]; do mkdir -p "$root$1" && mount --rbind "$1" "$root$1" && shift; done
        mount -t tmpfs none "$root/dev/shm" # nothing of what runs here is met there
        mount --bind "$results" "$root/root/reachy_mini_ros/$results"
        shift && exec env HOME=/root chroot "$root" "$@"
    ' - "$root" "$results" "${bound[@]}" -- /root/reachy_mini_ros/scripts/matrix.sh --system here "$@"
}

mkdir -p "$results"
for name in "${chosen[@]}"; do
    if [ "$name" = here ]; then run_here "$@"; else run_there "$name" "$@"; fi
done
/usr/bin/python3 scripts/matrix_table.py README.md "$results"/*.xml
