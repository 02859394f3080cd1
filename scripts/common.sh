# shellcheck shell=bash
# For the scripts beside it: sourced, with the repository as the current folder.

program="${0##*/}"
say() { printf '\033[1m[%s]\033[0m %s\n' "${program%.sh}" "$*" >&2; }
fail() {
    printf '[%s] %s\n' "${program%.sh}" "$*" >&2
    exit 1
}
refuse() { # a wrong option
    printf '%s: %s; see scripts/%s --help\n' "$program" "$*" "$program" >&2
    exit 2
}
environment_of() { # a distribution's folder
    case "$1" in
        kilted) echo .venv ;;
        jazzy) echo .venv-jazzy ;;
        *) refuse "unknown distribution '$1': kilted or jazzy" ;;
    esac
}

# A distribution that is sourced would be taken for the wheels.
unset AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH LD_LIBRARY_PATH PYTHONHOME PYTHONPATH
unset RMW_IMPLEMENTATION ROS_DISTRO ROS_PYTHON_VERSION ROS_VERSION _ROS_WHEELS_BOOTSTRAP_COMPLETE
