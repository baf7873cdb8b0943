#!/usr/bin/env bash
# Weights of a run become a model that ships: models/NAME/{model.onnx, model.spike, labels.txt, SHA256SUMS} and the weights themselves,
# models/train/weights/NAME.pt. The card and the notice are written by hand; sums.sh again after that.
#   bash models/train/ship.sh NAME RUN SCORE VERSION LICENCE DATA
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
name=$1 run=$2 score=$3 version=$4 licence=$5 data=$6
folder=models/$name
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"${PYTHON:-python3}" models/train/export.py "$run" --out "$work/float.onnx" --name "$name" --score "$score" \
  --version "$version" --licence "$licence" --data "$data"
node dist/pipeline/cli/main.js calibrate "$work/float.onnx" --grid -o "$work/$name.spike"
mkdir -p "$folder" models/train/weights
mv "$work/$name.onnx" "$folder/model.onnx"
mv "$work/$name.spike" "$folder/model.spike"
printf 'car\npedestrian\n' >"$folder/labels.txt"
[ -f "$run" ] || run=.state/train/runs/$run/ema.pt
cp "$run" "models/train/weights/$name.pt"
bash models/train/sums.sh "$name"
