#!/usr/bin/env bash
# Makes .venv: the package in editable form, ROS 2 from wheels, the robot's SDK, the tools.
# Called by demo.sh and test.sh; does nothing when all is there already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\033[1m[setup]\033[0m %s\n' "$*" >&2; }
fail() { printf '[setup] %s\n' "$*" >&2; exit 1; }

# PyGObject and GStreamer's typelibs: the SDK's daemon imports them, and PyPI has no wheels.
packages=(python3 python3-venv python3-gi python3-cairo gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0 "$@")
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
    say "apt packages: ${missing[*]}"
    if [ "$(id -u)" = 0 ]; then as_root=(); elif command -v sudo >/dev/null; then as_root=(sudo); else
        fail "missing apt packages; ask an administrator for: apt-get install ${missing[*]}"
    fi
    "${as_root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    # Debian starts a web server on port 80 along with it; the tests start their own.
    if [[ " ${missing[*]} " = *" nginx "* ]] && command -v systemctl >/dev/null; then
        "${as_root[@]}" systemctl disable --now nginx >/dev/null 2>&1 || true
    fi
fi

python=/usr/bin/python3 # Debian's, which python3-gi belongs to
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed, $python is older"
[ "$(uname -m)" = x86_64 ] || fail "ROS 2 wheels exist for x86_64 only; install on a ROS distribution instead (README)"

wanted=$(cat setup.py scripts/requirements.txt "${BASH_SOURCE[0]}" | sha256sum)
if [ "$(cat .venv/.set-up 2>/dev/null)" != "$wanted" ]; then
    say "Python packages into .venv (about 700 MB, a minute)"
    [ -x .venv/bin/python ] || "$python" -m venv --system-site-packages .venv
    .venv/bin/python -m pip install -qq --disable-pip-version-check -r scripts/requirements.txt --editable '.[opencv]'
    printf '%s\n' "$wanted" >.venv/.set-up
fi
