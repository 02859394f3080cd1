#!/usr/bin/env bash
# Every check that a change must pass; see --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh

usage() {
    cat <<TEXT
usage: scripts/test.sh [--distro kilted|jazzy|all] [--static] [--coverage] [PYTEST_ARGUMENT...]

Every check that a change must pass: ruff, mypy, and pytest on Kilted and on Jazzy. Sets up what it
needs. What touches no ROS runs on Kilted alone, unless Jazzy is asked for. Further arguments go to pytest,
e.g. scripts/test.sh --distro jazzy test/nodes -k stop

  --distro NAME   ROS 2 distribution to run pytest on: kilted, jazzy or all (the default)
  --static        ruff and mypy alone, no pytest
  --coverage      tell which lines of the package the tests on Kilted ran, also in the nodes, simulations
                  and senders that they start as processes; build/coverage/html shows them. Too few of
                  all tests' are a failure: docs/coverage.md has the floors
  -h, --help      this text
TEXT
}

distro=all static= coverage=
while [ $# -gt 0 ]; do
    case "$1" in
        --distro)
            [ $# -gt 1 ] || refuse "--distro needs a name: kilted, jazzy or all"
            distro="$2" && shift
            ;;
        --distro=*) distro="${1#*=}" ;;
        --static) static=static ;;
        --coverage) coverage=coverage ;;
        -h | --help) usage && exit ;;
        *) break ;;
    esac
    shift
done
case "$distro" in
    all) distros=(kilted jazzy) ;;
    kilted | jazzy) distros=("$distro") ;;
    *) refuse "unknown distribution '$distro': kilted, jazzy or all" ;;
esac
if [ -n "$static" ]; then
    [ $# = 0 ] || refuse "--static runs no pytest, which '$1' is for"
    distros=(kilted) # for whose types mypy is set up
fi
if [ -n "$coverage" ] && { [ -n "$static" ] || [ "$distro" = jazzy ]; }; then
    refuse "--coverage measures the tests on Kilted, which are not to be run"
fi
trap 'exit 130' INT
unset PYTHONDONTWRITEBYTECODE # else each of the many processes of the tests compiles the package anew

# Where ROS is touched; test_wall.py sees to it that nothing else does.
with_ros=(test/nodes test/faults test/soak test/test_{command_lines,coverage,docs,examples,launch,signals,tools}.py)

# Of benchmarks and examples: that what they call is there, and is called with what it takes.
calls=(--config-file /dev/null --explicit-package-bases --ignore-missing-imports)
for code in arg-type assignment call-overload import-untyped union-attr var-annotated; do
    calls+=(--disable-error-code "$code")
done

results=() failed=0
check() { # a name and a command
    local begin=$SECONDS
    say "$1"
    if "${@:2}"; then
        results+=("$1: passed in $((SECONDS - begin)) s")
    else
        results+=("$1: FAILED")
        failed=1
    fi
}
measured() { # a command, whose Python processes each tell which lines they ran
    local status=0 data="$PWD/build/coverage"
    rm -rf "$data"
    mkdir -p "$data"
    # Read by coverage's .pth file as each Python begins.
    COVERAGE_PROCESS_START="$PWD/pyproject.toml" COVERAGE_FILE="$data/data" "$@" || status=$?
    COVERAGE_FILE="$data/data" .venv/bin/coverage combine --quiet
    COVERAGE_FILE="$data/data" .venv/bin/coverage html --quiet -d "$data/html"
    COVERAGE_FILE="$data/data" .venv/bin/coverage json --quiet -o "$data/lines.json"
    return "$status"
}
run_pytest() { # on a distribution; several tests at once, since they also wait
    local status=0 python options at_once=$(($(nproc) + 1))
    python="$(environment_of "$1")/bin/python"
    options=(-o "cache_dir=.pytest_cache/$1" "${@:2}")
    "$python" -m pytest -n $((at_once < 6 ? at_once : 6)) --dist loadfile --no-loadscope-reorder "${options[@]}" || status=$?
    [ "$status" = 1 ] || return "$status" # none failed, or it did not even run
    # A machine can be too slow for several robots at once: told, and judged by itself.
    say "what failed is run again, one test at a time"
    "$python" -m pytest --last-failed "${options[@]}" || return
    results+=("pytest, ${1^}: some tests passed only when run again alone, see above")
}

for distro in "${distros[@]}"; do
    venv=$(scripts/setup.sh --distro "$distro" --tests)
    scripts/interfaces.sh "$venv"
done
check "ruff check" "$venv/bin/ruff" check .
check "ruff format" "$venv/bin/ruff" format --check .
for distro in "${distros[@]}"; do
    if [ "$distro" = kilted ]; then # Jazzy's rclpy is hardly typed
        check mypy .venv/bin/mypy
        check "mypy, what no test starts" env MYPYPATH=test:. .venv/bin/mypy "${calls[@]}" benchmarks examples
        [ -n "$static" ] || check "pytest, Kilted" ${coverage:+measured} run_pytest kilted "$@"
        [ $# -gt 0 ] && floors=() || floors=(--floors) # which all of the tests must reach
        [ -z "$coverage" ] || check coverage .venv/bin/python scripts/coverage_table.py build/coverage/lines.json "${floors[@]}"
    elif [ $# -gt 0 ] || [ "${#distros[@]}" = 1 ]; then
        check "pytest, Jazzy" run_pytest jazzy "$@"
    else
        check "pytest, Jazzy, what touches ROS" run_pytest jazzy "${with_ros[@]}"
    fi
    # Killed nodes leave up to 35 MB each in shared memory, which nobody else would free.
    [ -n "$static" ] || PATH="$PWD/$(environment_of "$distro")/bin:$PATH" fastdds shm clean >/dev/null || true
done

say "results"
for result in "${results[@]}"; do say "$result"; done
exit "$failed"
