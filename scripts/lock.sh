#!/usr/bin/env bash
# Resolve pyproject.toml into requirements/, with hashes, for every supported Python at once.
set -euo pipefail
cd "$(dirname "$0")/.."
tool=$(mktemp -d)
trap 'rm -rf "$tool"' EXIT
python3 -m venv "$tool"
"$tool/bin/pip" install --quiet --disable-pip-version-check uv
compile=("$tool/bin/uv" pip compile pyproject.toml --quiet --universal --python-version 3.11
    --generate-hashes --no-header --upgrade)
"${compile[@]}" --output-file requirements/runtime.txt
"${compile[@]}" --extra train --extra postgresql --extra tone --group dev \
    --output-file requirements/dev.txt
