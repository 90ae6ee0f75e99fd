#!/usr/bin/env bash
# Make the starter bundle from nothing: generate documents, train, test, export.
# Everything may be interrupted; the same command goes on where it was.
#
#   BASE=weights.npz   weights to start from, or `imagenet` to fetch Keras's own (default)
#   REAL=DIR           collected documents with a MANIFEST.tsv, optional
#   OUT=DIR            where data, checkpoints and the bundle go (default: build/starter)
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python
out=${OUT:-build/starter}
real=${REAL:+--real $REAL}

"$python" -m starter.synth "$out/synth/train" --split train \
    --invoice 2200 --claim 2000 --letter 2200 --other 2600
"$python" -m starter.synth "$out/synth/test" --split test \
    --invoice 300 --claim 300 --letter 300 --other 400
# shellcheck disable=SC2086  # nothing, or two words
"$python" -m starter --synth "$out/synth" $real --base "${BASE:-imagenet}" \
    --out "$out/bundle" --work "$out/work" --tuning "$out/tuning"
echo "the bundle is in $out/bundle; to ship it: cp -r $out/bundle docsorter/model/starter"
