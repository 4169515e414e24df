#!/usr/bin/env bash
# From nothing to a trained DEARLi: environment, toy data, training with
# `mim train`, evaluation with `mim test`, pictures and a summary.
#
#   bash tools/quickstart.sh           reuses what is there, resumes a run
#   bash tools/quickstart.sh --fresh   trains anew
#
# tools/environment.sh says which environment is used.
set -euo pipefail

CONFIG=configs/quickstart/dearli_tiny-clip_toy-world.py
DATA=data/toy_world
WORK=work_dirs/quickstart

fresh=
case "${1:-}" in
    '') ;;
    --fresh) fresh=1 ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac

. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$DEARLI_ROOT"
# openmim's, at every call; setup.py keeps setuptools where it is harmless.
export PYTHONWARNINGS="ignore:pkg_resources is deprecated:UserWarning"

# Written by AtomicCheckpointHook; the file moves along with the checkout.
last_checkpoint() {
    local path
    path="$WORK/$(basename "$(cat "$WORK/last_checkpoint" 2>/dev/null)")"
    if [[ -f "$path" ]]; then echo "$path"; fi
}

train() {
    local resume=()
    if [[ -n "$(last_checkpoint)" ]]; then
        dearli_say "resuming the interrupted run from $(last_checkpoint)"
        resume=(--resume "$(last_checkpoint)")
    else
        dearli_say "training; logs and checkpoints go to $WORK"
    fi
    mim train mmdet "$CONFIG" --work-dir "$WORK" --gpus "$gpus" \
        ${resume[@]+"${resume[@]}"}
    touch "$WORK/finished"
}

gpus=0
if nvidia-smi -L 2>/dev/null | grep -q GPU; then gpus=1; fi

dearli_say "toy data: $DATA"
"$DEARLI_PYTHON" tools/dataset_converters/make_toy_world.py "$DATA"

if [[ -n "$fresh" ]]; then rm -rf "$WORK"; fi
if [[ -f "$WORK/finished" && -n "$(last_checkpoint)" ]]; then
    dearli_say "trained already: $(last_checkpoint) (--fresh trains anew)"
else
    train
fi

dearli_say "evaluating $(last_checkpoint)"
mim test mmdet "$CONFIG" --checkpoint "$(last_checkpoint)" --work-dir "$WORK"

echo
dearli_say "results on $DATA/val (iteration 0 is before training):"
"$DEARLI_PYTHON" tools/analysis/summarize_run.py "$WORK"
dearli_say "pictures: $WORK/pictures (input, ground truth, teacher, student)"
