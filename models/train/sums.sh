#!/usr/bin/env bash
# Lists the files of a shipped model with their sums: bash models/train/sums.sh NAME
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../$1"
files=$(ls -I SHA256SUMS)
# shellcheck disable=SC2086 # names have no blanks
sha256sum $files | tee SHA256SUMS
