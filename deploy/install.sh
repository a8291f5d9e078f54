#!/usr/bin/env bash
# Makes the virtual environment and installs rareframe in it, editable. Safe to run again.
#
#   deploy/install.sh [--cpu|--cuda] [--dev]
#
#   --cpu   torch without CUDA, also where there is a GPU; the default where there is none
#   --cuda  torch as its publisher ships it; the default where there is an NVIDIA GPU
#   --dev   also what `make test` and `make lint` need
#
# VENV             folder of the environment (.venv)
# PYTHON           the interpreter to make it with (the first of python3.13 … python3 that is new enough)
# TORCH_CPU_INDEX  where torch's CPU build is looked for if pip as configured does not find it
set -euo pipefail

VENV=${VENV:-.venv}
TORCH_CPU_INDEX=${TORCH_CPU_INDEX:-https://download.pytorch.org/whl/cpu}
readonly CONSTRAINTS=constraints/cpu.txt

fail() {
    echo "install: $*" >&2
    exit 1
}

usage() {
    sed -n '2,13s/^# \{0,1\}//p' "$0"
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
        if is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "expected Python 3.11 or newer, got $(python3 --version 2>&1 || true); install one, or name it: PYTHON=/path/to/python3.11"
}

make_venv() {
    if [ -e "$VENV" ]; then
        is_new_enough "$VENV/bin/python" ||
            fail "expected a working environment of Python 3.11 or newer in $VENV, got another; remove that folder and try again"
        "$VENV/bin/python" -m pip --version >/dev/null 2>&1 ||
            fail "expected pip in $VENV, got none; remove that folder and try again"
        return
    fi
    local python version
    python=$(find_python)
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "expected Python's venv, got none; install it: apt-get install python$version-venv (or python3-venv)"
    echo "install: making $VENV with Python $version"
    "$python" -m venv "$VENV"
}

has_gpu() {
    [ -e /dev/nvidia0 ] || { command -v nvidia-smi >/dev/null && nvidia-smi -L >/dev/null 2>&1; }
}

has_cpu_torch() {
    "$VENV/bin/python" -c 'import importlib.metadata as m, sys; sys.exit(m.version("torch") != sys.argv[1])' "$1" 2>/dev/null
}

# pip takes PyPI's torch, which brings gigabytes of CUDA, wherever another build is not installed already.
install_cpu_torch() {
    local wanted log
    wanted=$(sed -n 's/^torch==//p' "$CONSTRAINTS")+cpu
    has_cpu_torch "$wanted" && return
    log=$(mktemp)
    echo "install: torch $wanted"
    # Without its dependencies: those come with the project, from the usual place.
    if ! "$VENV/bin/python" -m pip install --no-deps "torch==$wanted" >"$log" 2>&1 &&
        ! "$VENV/bin/python" -m pip install --no-deps --index-url "$TORCH_CPU_INDEX" "torch==$wanted" >>"$log" 2>&1; then
        tail -n 5 "$log" >&2
        rm -f "$log"
        fail "expected torch $wanted from pip as configured or from $TORCH_CPU_INDEX, got neither;" \
            "check the network, set TORCH_CPU_INDEX, or name a folder with its wheel: PIP_FIND_LINKS=FOLDER"
    fi
    rm -f "$log"
}

main() {
    local build="" project="."
    for argument in "$@"; do
        case $argument in
            --cpu | --cuda) build=${argument#--} ;;
            --dev) project=".[dev]" ;;
            -h | --help)
                usage
                exit 0
                ;;
            *) fail "expected --cpu, --cuda or --dev, got $argument; see --help" ;;
        esac
    done
    cd "$(dirname "$0")/.."
    if [ -z "$build" ]; then
        if has_gpu; then build=cuda; else build=cpu; fi
    fi

    make_venv
    local constraint=()
    if [ "$build" = cpu ]; then
        constraint=(-c "$CONSTRAINTS")
        # Elsewhere (macOS) the only build there is has no CUDA.
        if [ "$(uname -s)" = Linux ]; then install_cpu_torch; fi
    fi
    echo "install: rareframe and what it needs ($build)"
    "$VENV/bin/python" -m pip install --quiet "${constraint[@]}" -e "$project"
    touch "$VENV/installed"
    if [ "$project" != "." ]; then touch "$VENV/installed-dev"; fi
}

main "$@"
