"""The rendering cache outlives the pattern: after it was deleted and made again (a leaked password is to be replaced) the
'random' password is the old one; and going back to earlier parameters brings the earlier password back. Certificates of
genSignedCert come back with their old expiry however long ago that was."""
from common import *
import asyncio, tempfile
from tests.executors import EXECUTORS
from tests.hostile import tar
from tests.sandbox.jobs import PLAN, of_layer
from pattern_operator.sandbox import ProgramPaths, Sandbox, WorkerLimits
from pathlib import Path
chart = {"Chart.yaml": CHART.encode(), "templates/s.yaml": b"apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: {{ randAlphaNum 16 | quote }}}\n"}
async def main():
    async with Sandbox.open(executors=EXECUTORS, limits=WorkerLimits(), programs=ProgramPaths(helm=Path(HELM), kustomize=Path(KUSTOMIZE))) as sandbox:
        async def install():  # all that the sandbox is told of a pattern: nothing says which installation it is
            async with sandbox.rendered(PLAN, of_layer(tar(chart)), tenant="team") as r:
                return r.objects[0].body["stringData"]["password"]
        one = await install()
        two = await install()
        print("first installation:", one, " after deletion and a new installation:", two)
        return one == two
verdict(asyncio.run(main()), "a new installation gets the password of the one that was deleted")
