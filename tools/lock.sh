#!/usr/bin/env bash
# Writes requirements/*.lock from pyproject.toml: every version with its hashes, and no registry host.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-uv}
for name in runtime dev; do
  group=(); [ "$name" = dev ] && group=(--group dev)
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
    --custom-compile-command "tools/lock.sh" "${group[@]}" pyproject.toml -o "requirements/$name.lock" "$@"
done
