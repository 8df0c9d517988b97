"""11 through the operator's own sandbox: an author's pattern.yaml makes it log an internal error and retry for ever (Transient)."""
from common import *
import asyncio, logging
from dataclasses import replace
from pathlib import Path
from tests.executors import EXECUTORS
from tests.hostile import tar
from tests.sandbox.jobs import PLAN, of_layer
from pattern_operator.errors import Transient
from pattern_operator.sandbox import ProgramPaths, Sandbox, WorkerLimits, BuildRefused
logging.basicConfig(level=logging.ERROR)
d = {"a.yaml": b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", "pattern.yaml": b"apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\npatches:\n- target: {kind: ConfigMap}\n  patch: '[{\"op\":\"add\",\"path\":\"/pattern-operator.io~1matched-x\",\"value\":true}]'\n"}
async def main():
    async with Sandbox.open(executors=EXECUTORS, limits=WorkerLimits(), programs=ProgramPaths(helm=Path(HELM), kustomize=Path(KUSTOMIZE))) as sandbox:
        try:
            async with sandbox.rendered(PLAN, of_layer(tar(d)), tenant="team"): return "rendered"
        except BuildRefused as e: return f"refused: {e.error.message}"
        except Transient as e: return e
r = asyncio.run(main()); print(type(r).__name__, r)
verdict(isinstance(r, Transient), "Transient: retried for ever, reported as a bug of the operator")
