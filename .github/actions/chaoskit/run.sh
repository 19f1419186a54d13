#!/usr/bin/env bash
# Installs chaoskit from the checkout that this action lies in, unless it is installed, and runs one experiment with it.
set -euo pipefail

if ! command -v chaoskit > /dev/null; then
  folder=$(mktemp -d)
  python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet "$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)"
  PATH="$folder/bin:$PATH"
fi

words=(chaoskit run "$EXPERIMENT" --plain --sandbox "${SANDBOX:-auto}" --junit "${JUNIT:-chaoskit-junit.xml}")
if [ -n "${BASELINE:-}" ]; then
  words+=(--baseline "$BASELINE" --worse-by "${WORSE_BY:-1s}")
fi
if [ "${AS_ROOT:-false}" = true ]; then
  words=(sudo env "PATH=$PATH" "GITHUB_ACTIONS=${GITHUB_ACTIONS:-}" "GITHUB_STEP_SUMMARY=${GITHUB_STEP_SUMMARY:-}" "${words[@]}")
fi
exec "${words[@]}"
