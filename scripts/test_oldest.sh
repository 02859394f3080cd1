#!/usr/bin/env bash
# The tests of what knows no ROS with the lowest versions that setup.py allows (lowest-versions.txt),
# in .venv-oldest. Needs the apt packages that scripts/test.sh brings. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\033[1m[oldest]\033[0m %s\n' "$*" >&2; }

wanted=$(cat setup.py scripts/lowest-versions.txt scripts/requirements*.txt "${BASH_SOURCE[0]}" | sha256sum)
if [ "$(cat .venv-oldest/.set-up 2>/dev/null)" != "$wanted" ]; then
    say "Python packages of the lowest versions into .venv-oldest (750 MB)"
    rm -rf .venv-oldest
    /usr/bin/python3 -m venv --system-site-packages .venv-oldest
    .venv-oldest/bin/python -m pip install -q --disable-pip-version-check 'uv>=0.5,<1'
    mapfile -t tools < <(grep -hE '^(axe-playwright-python|hypothesis|playwright|pytest|schemathesis)' scripts/requirements*.txt)
    .venv-oldest/bin/uv pip install -q --python .venv-oldest/bin/python \
        --override scripts/lowest-versions.txt -r setup.py --extra opencv "${tools[@]}"
    printf '%s\n' "$wanted" >.venv-oldest/.set-up
fi

paths=(test/robot test/media test/simulation test/web)
for argument in "$@"; do [ ! -e "${argument%%::*}" ] || paths=(); done
exec .venv-oldest/bin/python -m pytest -n 2 --dist loadfile "${paths[@]}" "$@" # two at once: the tests mostly wait
