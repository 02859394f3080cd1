#!/usr/bin/env bash
# The documentation as a site; see --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh

usage() {
    cat <<TEXT
usage: scripts/docs.sh [--serve]

Makes a site of the docs, with a reference of what any Python program can use, in build/site; what is
wrong in them, such as a link that leads nowhere, ends it with 1. Its tools (170 MB) come into .venv-docs.

  --serve      show it on http://127.0.0.1:8001/, and anew at each change
  -h, --help   this text
TEXT
}

command=(build)
while [ $# -gt 0 ]; do
    case "$1" in
        --serve) command=(serve) ;;
        -h | --help) usage && exit ;;
        *) refuse "unknown option '$1'" ;;
    esac
    shift
done
wanted=$({ pwd -P && python3 -V && cat scripts/requirements-docs.txt; } | sha256sum)
if [ "$(cat .venv-docs/.set-up 2>/dev/null)" != "$wanted" ]; then
    say "the tools into .venv-docs"
    rm -rf .venv-docs
    python3 -m venv .venv-docs || fail ".venv-docs could not be made, see above"
    .venv-docs/bin/python -m pip install -q --disable-pip-version-check -r scripts/requirements-docs.txt ||
        fail "the tools could not be installed, see above"
    printf '%s\n' "$wanted" >.venv-docs/.set-up
fi
export NO_MKDOCS_2_WARNING=1 # advertisement of its successor
.venv-docs/bin/python -m mkdocs "${command[@]}"
say "build/site/index.html"
