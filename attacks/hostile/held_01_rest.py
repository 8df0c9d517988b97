"""A namespace's health checks may take a fifth of a processor (REST); a process start, and all compilations, are not counted."""
import asyncio, os, resource, sys, time
from pattern_operator.health_checks.processes import CheckProcesses, REST
from pattern_operator.health_checks.process import CheckLimits
from pattern_operator.executors import Executors
from pattern_operator.api.health_check import HealthCheck
import inspect
def cpu():
    r=resource.getrusage(resource.RUSAGE_CHILDREN); s=resource.getrusage(resource.RUSAGE_SELF)
    return r.ru_utime+r.ru_stime+s.ru_utime+s.ru_stime
async def main():
    open_ = Executors.open() if hasattr(Executors,'open') else None
    with open_ as ex:
        p=CheckProcesses(ex)
        # doubles a list until the process has no memory: dies at once, so "cheap"
        which=sys.argv[1] if len(sys.argv)>1 else "bomb"
        t=time.monotonic(); c=cpu(); n=0; last=None
        while time.monotonic()-t<20:
            if which=="bomb":
                e="[s,s,s,s,s,s,s,s].map(x, x+x+x+x+x+x+x+x+x+x+x+x+x+x+x+x).map(x, x+x+x+x+x+x+x+x).size() > 0"
                last=await p.judge("evil", HealthCheck(api_version="v1",kind="ConfigMap",current=e), b'{"s":"'+b'a'*1000000+b'"}')
            n+=1
        wall=time.monotonic()-t; used=cpu()-c
        print(which, "jobs",n,"cpu %.1f s in %.1f s: %.0f %% of a processor"%(used,wall,100*used/wall), last)
        p.close()
        return used/wall
share=asyncio.run(main())
sys.exit(1 if share>1/(1+REST)*1.5 else 0)
