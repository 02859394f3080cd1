#!/usr/bin/env bash
# The soak; see --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh

usage() {
    cat <<TEXT
usage: scripts/soak.sh [--distro kilted|jazzy] [--minutes N] [--udp] [--page FILE]

Runs everything while clients come and go every 5 s, and writes docs/soak.md: memory, descriptors,
threads and rates. Exits with 1 if something is not as promised, which the page tells as well.

  --distro NAME   ROS 2 distribution: kilted (the default) or jazzy
  --minutes N     how long (60); what grows is judged after the first 10, and from 20 on
  --udp           without Fast DDS's shared memory, in a network of its own (unshare)
  --page FILE     write the page there, and its picture beside it
  -h, --help      this text
TEXT
}

distro=kilted page=docs/soak.md minutes=60 udp=
while [ $# -gt 0 ]; do
    case "$1" in
        --distro)
            [ $# -gt 1 ] || refuse "--distro needs a name: kilted or jazzy"
            distro="$2" && shift
            ;;
        --distro=*) distro="${1#*=}" ;;
        --minutes)
            [ $# -gt 1 ] || refuse "--minutes needs a number"
            minutes="$2" && shift
            ;;
        --page)
            [ $# -gt 1 ] || refuse "--page needs a file"
            page="$2" && shift
            ;;
        --udp) udp=udp ;;
        -h | --help) usage && exit ;;
        *) refuse "unknown option '$1'" ;;
    esac
    shift
done
[[ "$minutes" =~ ^[0-9]+([.][0-9]+)?$ ]] || refuse "--minutes needs a number, not '$minutes'"
venv=$(environment_of "$distro")
scripts/setup.sh --distro "$distro" --tests >/dev/null
run=("$venv/bin/python" -m harness.soak "$distro" "$page" "$minutes")
if [ -n "$udp" ]; then
    unshare --map-root-user --net true 2>/dev/null \
        || refuse "--udp needs a network of its own, and unshare gives none here: try it as root"
    # Where discovery keeps to this machine, Kilted's rmw_fastrtps adds shared memory by itself.
    network='ip link set lo up multicast on && ip route add 224.0.0.0/4 dev lo && exec "$@"'
    run=(unshare --map-root-user --net sh -c "$network" sh "${run[@]}" udp)
fi
PYTHONPATH="$PWD:$PWD/test" "${run[@]}"
