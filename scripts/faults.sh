#!/usr/bin/env bash
# The long form of the faults; see --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh

usage() {
    cat <<TEXT
usage: scripts/faults.sh [--distro kilted|jazzy] [--page FILE]

Has everything happen to the nodes that is in docs/reliability.md, and writes that page anew. Five
minutes on an idle machine. Exits with 1, and changes nothing, if something is not as promised.

  --distro NAME   ROS 2 distribution: kilted (the default) or jazzy
  --page FILE     write the page there
  -h, --help      this text
TEXT
}

distro=kilted page=docs/reliability.md
while [ $# -gt 0 ]; do
    case "$1" in
        --distro)
            [ $# -gt 1 ] || refuse "--distro needs a name: kilted or jazzy"
            distro="$2" && shift
            ;;
        --distro=*) distro="${1#*=}" ;;
        --page)
            [ $# -gt 1 ] || refuse "--page needs a file"
            page="$2" && shift
            ;;
        -h | --help) usage && exit ;;
        *) refuse "unknown option '$1'" ;;
    esac
    shift
done
venv=$(environment_of "$distro")
scripts/setup.sh --distro "$distro" --tests >/dev/null
PYTHONPATH="$PWD:$PWD/test" "$venv/bin/python" -m harness.fault_report "$distro" "$page"
