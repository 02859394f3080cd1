#!/usr/bin/env bash
# A simulated robot, all nodes, and the page in the browser. Ctrl-C ends every process.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh

usage() {
    cat <<TEXT
usage: scripts/demo.sh [--distro kilted|jazzy]

A simulated robot, all nodes, and the page in the browser. Sets up what it needs; Ctrl-C ends it.

  --distro NAME   ROS 2 distribution to run on: kilted (the default) or jazzy
  -h, --help      this text
TEXT
}

distro=kilted
while [ $# -gt 0 ]; do
    case "$1" in
        --distro)
            [ $# -gt 1 ] || refuse "--distro needs a name: kilted or jazzy"
            distro="$2" && shift
            ;;
        --distro=*) distro="${1#*=}" ;;
        -h | --help) usage && exit ;;
        *) refuse "unknown option '$1'" ;;
    esac
    shift
done
environment_of "$distro" >/dev/null
venv=$(scripts/setup.sh --distro "$distro")

export ROS_AUTOMATIC_DISCOVERY_RANGE="${ROS_AUTOMATIC_DISCOVERY_RANGE:-LOCALHOST}"
page="http://127.0.0.1:8042/"
children=()
end() {
    trap - EXIT INT TERM
    for child in "${children[@]}"; do kill -INT "$child" 2>/dev/null || true; done
    wait
}
trap end EXIT
trap 'exit 0' INT TERM

alive() {
    for child in "${children[@]}"; do
        kill -0 "$child" 2>/dev/null || { wait "$child" || exit 1; exit 0; }
    done
}
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
shows_pictures() {
    "$venv/bin/python" -c "import urllib.request as u; u.urlopen('${page}api/snapshot', timeout=3)" 2>/dev/null
}

# setsid: Ctrl-C reaches this script alone, which then ends the children in order.
setsid "$venv/bin/python" -m reachy_mini_ros.simulation.main --awake &
children+=("$!")
until answers 8443 && answers 8000; do alive; sleep 0.1; done
setsid "$venv/bin/python" -m reachy_mini_ros.nodes.bringup \
    --nodes control camera audio dashboard stream --ros-args -p robot_host:=127.0.0.1 &
children=("$!" "${children[@]}")
until shows_pictures; do alive; sleep 0.1; done
cat <<TEXT

  Reachy Mini is up, simulated on this machine, with ROS 2 ${distro^}.

  See it:   ${page}
  Move it:  ${venv}/bin/python examples/move_head.py --yaw 30 --pitch -10
  End it:   Ctrl-C

TEXT
wait -n
