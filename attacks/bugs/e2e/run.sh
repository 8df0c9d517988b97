#!/bin/sh
cd CLONE && PATH=$PWD/.venv/bin:$PWD/.testbed/bin:$PATH PYTHONPATH=$PWD exec nice -n19 .venv/bin/python -m pytest -q -p no:cacheprovider -c pyproject.toml --rootdir BUGS/e2e --confcutdir BUGS/e2e -rA --tb=short BUGS/e2e/test_bugs3.py "$@"
