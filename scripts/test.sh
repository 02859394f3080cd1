#!/usr/bin/env bash
# Every check that a change must pass. Arguments go to pytest, e.g. scripts/test.sh test/robot -k stop
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/setup.sh chromium libxml2-utils

# Optional: the tests of RTMP are skipped without it.
scripts/setup.sh nginx libnginx-mod-rtmp || printf '[test] no nginx: streaming to it is not tested\n' >&2
scripts/interfaces.sh

step() { printf '\n\033[1m[test]\033[0m %s\n' "$*"; }

step "ruff"
.venv/bin/ruff check .
.venv/bin/ruff format --check .

step "mypy"
.venv/bin/mypy

step "pytest"
.venv/bin/python -m pytest -n 2 --dist loadfile "$@" # two at once: the tests mostly wait
