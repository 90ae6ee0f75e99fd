#!/usr/bin/env bash
# Make the starter bundle: generate documents, cross-validate, train, test, export.
# Everything may be interrupted; the same command goes on where it was.
#
#   BASE=BUNDLE        what to start from (default: the bundle that ships), or `imagenet`, or a .npz file
#   STEPS=N            steps of training every layer first (default: 0; from ImageNet weights 1500 or more)
#   REAL="DIR ..."     collected documents with a MANIFEST.tsv, optional; nothing is known of real ones without
#   OUT=DIR            where data, checkpoints and the bundle go (default: build/starter)
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python
out=${OUT:-build/starter}
base=${BASE:-docsorter/model/starter}
real=()
for folder in ${REAL:-}; do real+=(--real "$folder"); done

"$python" -m starter.synth "$out/synth/train" --split train --seed 14 \
    --invoice 1300 --claim 1200 --letter 1300 --other 2300 --later 600
"$python" -m starter.synth "$out/synth/test" --split test --seed 14 \
    --invoice 240 --claim 240 --letter 240 --other 330 --later 300
study=()
if [ ${#real[@]} -gt 0 ]; then
    "$python" -m starter.cross_validate --synth "$out/synth" "${real[@]}" --base "$base" \
        --work "$out/study" --folds 4
    study=(--cross-validation "$out/study")
fi
"$python" -m starter --synth "$out/synth" "${real[@]}" --base "$base" --all-steps "${STEPS:-0}" \
    "${study[@]}" --out "$out/bundle" --work "$out/work" --tuning "$out/tuning"
echo "the bundle is in $out/bundle; to ship it: cp -r $out/bundle docsorter/model/starter"
