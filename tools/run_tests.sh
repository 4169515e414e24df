#!/usr/bin/env bash
# Runs the tests; arguments go to pytest (`-x`, `tests/test_compat.py`, ...).
# tools/environment.sh says which environment is used.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$DEARLI_ROOT"
exec "$DEARLI_PYTHON" -m pytest "$@"
