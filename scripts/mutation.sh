#!/usr/bin/env bash
# Small changes of the code, and whether the tests notice; see --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh

usage() {
    cat <<TEXT
usage: scripts/mutation.sh [--slow] [--sample N] [--seed N] [--page FILE] [MODULE...]

Changes modules in small ways, one at a time, and runs their tests against each change, on Kilted and
one core. Prints what no test noticed of the modules named, such as
reachy_mini_ros/robot/geometry/limits.py; without a name runs those of scripts/mutation.toml with quick
tests and writes docs/mutation.md, in about twenty minutes. What is unchanged since the last run is taken from build/mutation.

  --slow        run the modules whose tests start a robot or wait as well, for some hours
  --sample N    changes of a module at most (25), the same ones each time
  --seed N      other ones
  --page FILE   write the page there, also of what was run before
  -h, --help    this text
TEXT
}

modules=() options=()
while [ $# -gt 0 ]; do
    case "$1" in
        --sample | --seed)
            [[ "${2:-}" =~ ^[0-9]+$ ]] || refuse "$1 needs a number, not '${2:-}'"
            options+=("$1" "$2") && shift
            ;;
        --slow) options+=("$1") ;;
        --page)
            [ $# -gt 1 ] || refuse "--page needs a file"
            options+=("$1" "$2") && shift
            ;;
        -h | --help) usage && exit ;;
        -*) refuse "unknown option '$1'" ;;
        *)
            grep -qF "\"$1\" = [" scripts/mutation.toml || refuse "scripts/mutation.toml has no tests of '$1'"
            modules+=("$1")
            ;;
    esac
    shift
done
venv=$(scripts/setup.sh --tests)
# One core: threads of a library would not outlive the fork.
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
nice "$venv/bin/python" scripts/mutation.py "${options[@]}" "${modules[@]}"
