#!/bin/sh
# the whole way, on a control plane of its own (after 18:30): exit 1 = a fault
cd CLONE && PATH=$PWD/.venv/bin:$PWD/.testbed/bin:$PATH PYTHONPATH=$PWD exec .venv/bin/python -m pytest -q -p no:cacheprovider -c pyproject.toml --rootdir /tmp/att/bugs/e2e --confcutdir /tmp/att/bugs/e2e -rA --tb=short /tmp/att/bugs/e2e/test_bugs.py "$@"
