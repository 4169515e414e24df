#!/usr/bin/env bash
# Runs the tests, a process per core up to four. Arguments go to pytest (`-x`,
# `tests/test_compat.py`, ...), which then runs in one process.
# tools/environment.sh says which environment is used.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$DEARLI_ROOT"
if [[ $# -eq 0 ]]; then
    export OMP_NUM_THREADS=1
    # Not nproc, which goes by OMP_NUM_THREADS.
    cores="$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)"
    set -- -n "$((cores < 4 ? cores : 4))" --dist loadfile
fi
exec "$DEARLI_PYTHON" -m pytest "$@"
