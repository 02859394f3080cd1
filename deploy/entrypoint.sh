#!/usr/bin/env bash
# Runs a command where ROS, the SDK and the nodes are, in the image.
set -e
for setup in /opt/ros/jazzy/setup.bash /ws/.venv/bin/activate /ws/install/setup.bash; do
    # shellcheck disable=SC1090
    . "$setup"
done
exec "$@"
