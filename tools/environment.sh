# Chooses the Python environment, and makes it if need be. To be sourced, by
# bash, from scripts; afterwards DEARLI_PYTHON is its Python, and its programs
# come first on PATH.
#
# In this order: the one that DEARLI_VENV names (made if missing); the Python
# that is active, if it has all that setup.py requires; .venv in the checkout
# (made if missing). The checkout itself is put on PYTHONPATH, so an
# environment that has the requirements is used as it is.

DEARLI_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
DEARLI_TORCH=(torch==2.14.1 torchvision==0.29.1)

dearli_say() { printf '[dearli] %s\n' "$*"; }

dearli_fail() {
    printf '[dearli] error: %s\n' "$*" >&2
    exit 1
}

# dearli_lacks PYTHON: what it lacks, one a line; fails if it lacks anything.
dearli_lacks() { "$1" "$DEARLI_ROOT/dearli_mm/stack.py" tests 2>&1; }

dearli_supported() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1
}

# dearli_apt PACKAGE...: installs Debian packages, or says how to.
dearli_apt() {
    if [[ "$(id -u)" != 0 ]] || ! command -v apt-get >/dev/null; then
        dearli_fail "needs: sudo apt-get install -y $*  (then run this again)"
    fi
    dearli_say "apt-get install $*"
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" ||
        dearli_fail "apt-get could not install: $*"
}

# dearli_choose: sets DEARLI_PYTHON to the Python of the chosen environment.
dearli_choose() {
    local active
    if [[ -n "${DEARLI_VENV:-}" ]]; then
        [[ "$DEARLI_VENV" == /* ]] || DEARLI_VENV="$PWD/$DEARLI_VENV"
        DEARLI_PYTHON="$DEARLI_VENV/bin/python"
        return
    fi
    for active in "${VIRTUAL_ENV:+$VIRTUAL_ENV/bin/python}" \
                  "${CONDA_PREFIX:+$CONDA_PREFIX/bin/python}" \
                  "$(command -v python3 || true)"; do
        if [[ -x "$active" ]] && dearli_lacks "$active" >/dev/null; then
            DEARLI_PYTHON="$active"
            return
        fi
    done
    DEARLI_PYTHON="$DEARLI_ROOT/.venv/bin/python"
    if [[ -n "${VIRTUAL_ENV:-${CONDA_PREFIX:-}}" ]]; then
        dearli_say "the active environment is left alone; using .venv. It lacks" \
            "$(dearli_lacks "${VIRTUAL_ENV:-$CONDA_PREFIX}/bin/python" |
               tr '\n' ' ')(pip install -e '.[tests]' would use it)"
    fi
}

# dearli_base_python: prints a Python that may make the environment.
dearli_base_python() {
    local name
    for name in python3 python3.13 python3.12 python3.11 python3.10; do
        if dearli_supported "$name"; then
            command -v "$name"
            return
        fi
    done
    dearli_fail "Python 3.10 or newer is required, found:" \
        "$(python3 --version 2>&1 || true). Install one of them, or let" \
        "DEARLI_VENV name an environment made with one."
}

dearli_make_venv() {
    local base version
    base="$(dearli_base_python)"
    if ! "$base" -c 'import venv, ensurepip' >/dev/null 2>&1; then
        version="$("$base" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
        dearli_apt "python$version-venv"
    fi
    dearli_say "making $1 with $("$base" --version)"
    "$base" -c 'import sys; sys.exit(sys.version_info >= (3, 14))' ||
        dearli_say "nobody has run the tests on this Python yet; if packages" \
            "for it are missing, take 3.10 to 3.13"
    "$base" -m venv "$1"
}

dearli_install() {
    local venv="${DEARLI_PYTHON%/bin/python*}"
    if ! "$DEARLI_PYTHON" -m pip --version >/dev/null 2>&1; then
        dearli_make_venv "$venv"
    fi
    dearli_supported "$DEARLI_PYTHON" ||
        dearli_fail "$venv has $("$DEARLI_PYTHON" --version);" \
            "Python 3.10 or newer is required. Remove it or choose" \
            "another with DEARLI_VENV."
    local pip=("$DEARLI_PYTHON" -m pip install --disable-pip-version-check)
    if ! "$DEARLI_PYTHON" -m pip show -qq torch >/dev/null 2>&1; then
        dearli_say "installing ${DEARLI_TORCH[*]} (large)"
        "${pip[@]}" "${DEARLI_TORCH[@]}"
    fi
    dearli_say 'installing dearli_mm and what it requires'
    "${pip[@]}" -e "$DEARLI_ROOT[dev]"
    dearli_lacks "$DEARLI_PYTHON" ||
        dearli_fail "$venv still lacks the above"
}

# mmcv-lite needs a placeholder that `mim test` finds, opencv two libraries.
dearli_complete() {
    if ! "$DEARLI_PYTHON" -c 'import cv2' >/dev/null 2>&1; then
        dearli_apt libgl1 libglib2.0-0
        "$DEARLI_PYTHON" -c 'import cv2' || dearli_fail 'opencv (cv2) cannot be imported'
    fi
    # A look at the files only: importing dearli_mm takes some seconds.
    if ! "$DEARLI_PYTHON" - <<'PYTHON'
import importlib.util, pathlib, sys
mmcv = pathlib.Path(importlib.util.find_spec('mmcv').origin).parent
sys.exit(not any(mmcv.glob('_ext*')))
PYTHON
    then
        "$DEARLI_PYTHON" -m dearli_mm.compat --install
    fi
}

dearli_choose
dearli_lacks "$DEARLI_PYTHON" >/dev/null || dearli_install
export PATH="$(dirname "$DEARLI_PYTHON"):$PATH"
export PYTHONPATH="$DEARLI_ROOT${PYTHONPATH:+:$PYTHONPATH}"
# Threads that wait must not spin for long: beside another busy process that
# makes a training step several times as long (docs/train.md, "On a CPU"). Not
# at all is slow, too, on idle cores. Read when PyTorch is loaded.
if [[ -z "${OMP_WAIT_POLICY:-}" ]]; then
    export GOMP_SPINCOUNT="${GOMP_SPINCOUNT:-1000}"
fi
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-$(nproc 2>/dev/null || echo 2)}"
dearli_complete
dearli_say "environment: $(dirname "$(dirname "$DEARLI_PYTHON")")"
