#!/usr/bin/env bash
# Makes the folder that is pushed as a Hugging Face Space: the app, and what it needs of this package.
set -euo pipefail

[ $# = 1 ] || { printf 'usage: make_space.sh FOLDER (a new one, or a clone of the Space)\n' >&2; exit 2; }
folder=$(realpath -m "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mkdir -p "$folder"
rm -rf "$folder/camera_live_feed" "$folder/reachy_mini_ros"
cp -R space/. camera_live_feed reachy_mini_ros LICENSE "$folder"
rm -rf "$folder/reachy_mini_ros/nodes" # which are for ROS
find "$folder/camera_live_feed" "$folder/reachy_mini_ros" -name __pycache__ -prune -exec rm -rf {} +
printf 'the Space is in %s: check it with reachy-mini-app-assistant check, and push it\n' "$folder"
