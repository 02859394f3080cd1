#!/usr/bin/env bash
# Which lines the tests run, in all processes that they start; see --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh

usage() {
    cat <<TEXT
usage: scripts/coverage.sh [PYTEST_ARGUMENT...]

Runs the tests on Kilted and tells which lines of the package they ran, also in the nodes, simulations and
senders that they start as processes; build/coverage/html shows them. Without arguments all tests are run,
and too few lines are a failure: docs/coverage.md has the floors and the reasons of what is left.

  -h, --help   this text
TEXT
}

case "${1:-}" in -h | --help) usage && exit ;; esac
venv=$(scripts/setup.sh --tests)
scripts/interfaces.sh "$venv"
rm -rf build/coverage
mkdir -p build/coverage
# Read by coverage's .pth file as each Python begins.
export COVERAGE_PROCESS_START="$PWD/pyproject.toml" COVERAGE_FILE="$PWD/build/coverage/data"
options=(-o cache_dir=.pytest_cache/coverage "$@")
status=0
"$venv/bin/python" -m pytest -n 2 --dist loadfile "${options[@]}" || status=$?
if [ "$status" = 1 ]; then
    say "what failed is run again, one test at a time"
    status=0
    "$venv/bin/python" -m pytest --last-failed "${options[@]}" || status=$?
fi
unset COVERAGE_PROCESS_START
"$venv/bin/coverage" combine --quiet
"$venv/bin/coverage" html --quiet -d build/coverage/html
"$venv/bin/coverage" json --quiet -o build/coverage/lines.json
floors=()
[ $# -gt 0 ] || floors=(--floors)
"$venv/bin/python" scripts/coverage_table.py build/coverage/lines.json "${floors[@]}" || status=$?
exit "$status"
