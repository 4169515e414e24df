#!/usr/bin/env bash
# From nothing to a trained network: environment, toy data, semi-supervised
# training with `mim train`, evaluation with `mim test`, pictures and a summary.
#
#   bash tools/quickstart.sh            DEAR; reuses what is there
#   bash tools/quickstart.sh --warm-up  all of DEARLi: masks without labels and
#                                       a warm-up on them before it
#   ... --fresh                         trains anew
#
# tools/environment.sh says which environment is used.
set -euo pipefail

CONFIG=configs/quickstart/dear_tiny-clip_toy-world.py
WARMUP=
DATA=data/toy_world
WORK=work_dirs/quickstart

fresh=
for flag in "$@"; do
    case "$flag" in
        --fresh) fresh=1 ;;
        --warm-up)
            WARMUP=configs/quickstart/warm-up_tiny-clip_toy-world.py
            CONFIG=configs/quickstart/dearli_tiny-clip_toy-world.py
            WORK=work_dirs/quickstart_warm-up ;;
        *) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
done

. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$DEARLI_ROOT"
# openmim's, at every call; setup.py keeps setuptools where it is harmless.
export PYTHONWARNINGS="ignore:pkg_resources is deprecated:UserWarning"

# last_checkpoint DIR: written by AtomicCheckpointHook; the file moves along
# with the checkout.
last_checkpoint() {
    local path
    path="$1/$(basename "$(cat "$1/last_checkpoint" 2>/dev/null)")"
    if [[ -f "$path" ]]; then echo "$path"; fi
}

# train WHAT CONFIG DIR: trains, goes on with an interrupted run, or sees that
# it is done.
train() {
    local resume=() last
    last="$(last_checkpoint "$3")"
    if [[ -f "$3/finished" && -n "$last" ]]; then
        dearli_say "$1: done already: $last (--fresh trains anew)"
        return
    elif [[ -n "$last" ]]; then
        dearli_say "$1: resuming the interrupted run from $last"
        resume=(--resume "$last")
    else
        dearli_say "$1: logs and checkpoints go to $3"
    fi
    mim train mmdet "$2" --work-dir "$3" --gpus "$gpus" \
        ${resume[@]+"${resume[@]}"}
    touch "$3/finished"
}

gpus=0
if nvidia-smi -L 2>/dev/null | grep -q GPU; then gpus=1; fi

dearli_say "toy data: $DATA"
"$DEARLI_PYTHON" tools/dataset_converters/make_toy_world.py "$DATA"

if [[ -n "$fresh" ]]; then rm -rf "$WORK"; fi
if [[ -n "$WARMUP" ]]; then
    dearli_say "masks of the training images, no labels: $DATA/masks"
    "$DEARLI_PYTHON" tools/sam_masks.py "$DATA/train/images" "$DATA/masks/train"
    train 'warm-up on masks' "$WARMUP" "$WORK/warm-up"
fi
train 'semi-supervised training' "$CONFIG" "$WORK"

checkpoint="$(last_checkpoint "$WORK")"
dearli_say "evaluating $checkpoint"
mim test mmdet "$CONFIG" --checkpoint "$checkpoint" --work-dir "$WORK"

echo
dearli_say "results on $DATA/val (iteration 0 is before training):"
"$DEARLI_PYTHON" tools/analysis/summarize_run.py "$WORK"
dearli_say "pictures: $WORK/pictures (input, ground truth, teacher, student)"
