#!/usr/bin/env bash
# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Look and command over HTTP alone, with curl: status, a picture, wake up, turn the head, stop.
#
#     examples/over_http.sh [http://127.0.0.1:8042] [picture.jpg]
#
# A dashboard with a token: REACHY_MINI_TOKEN=... examples/over_http.sh
set -euo pipefail
url=${1:-http://127.0.0.1:8042}
picture=${2:-picture.jpg}

ask() { # a path, and further options of curl; an error tells what the robot said
    curl --silent --show-error --fail-with-body --max-time 60 \
        ${REACHY_MINI_TOKEN:+-H "Authorization: Bearer $REACHY_MINI_TOKEN"} "${@:2}" "$url$1"
    echo
}
order() { # a command, and its JSON
    ask "/api/command/$1" -H "Content-Type: application/json" -d "$2"
}

ask /api/status
ask "/api/snapshot?width=640" -o "$picture"
order wake_up '{}'
order "head?wait=done" '{"yaw": 20, "pitch": -5}'
order antennas '{"left": 40, "right": -40}'
order stop '{}'
