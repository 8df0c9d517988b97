import os,sys,subprocess,json,tempfile,pathlib,textwrap
R="CLONE"; sys.path.insert(0,R+"/operator")
def tree(files):
    d=pathlib.Path(tempfile.mkdtemp(prefix="atkc")); 
    for n,c in files.items():
        p=d/n; p.parent.mkdir(parents=True,exist_ok=True); p.write_bytes(c if isinstance(c,bytes) else c.encode())
    return d
def ctl(*a,stdin=None,verb="render"):
    args=[R+"/.venv/bin/patternctl",verb,*map(str,a)]
    if verb=="render": args+=["--helm",R+"/.testbed/bin/helm","--kustomize",R+"/.testbed/bin/kustomize"]
    return subprocess.run(["nice","-n19",*args],input=stdin,text=True,capture_output=True,timeout=120)
def sh(*a,**k): return subprocess.run(["nice","-n19",*map(str,a)],text=True,capture_output=True,timeout=120,**k)
HELM=R+"/.testbed/bin/helm"; KUST=R+"/.testbed/bin/kustomize"
def show(r,n=2500): print("rc",r.returncode,"\nOUT",r.stdout[:n],"\nERR",r.stderr[:n])
CHART="apiVersion: v2\nname: c\nversion: 0.1.0\n"
bad=[]
def check(ok,what):
    print(("ok   " if ok else "FAULT"),what)
    if not ok: bad.append(what)
def end(): sys.exit(1 if bad else 0)
import io,contextlib
def run(*a,verb="render",cwd=None):
    "patternctl in this process"
    from pattern_operator.cli import main
    args=[verb,*map(str,a)]
    if verb=="render": args+=["--helm",HELM,"--kustomize",KUST]
    o,e=io.TextIOWrapper(io.BytesIO(),write_through=True),io.TextIOWrapper(io.BytesIO(),write_through=True)
    old=os.getcwd()
    if cwd: os.chdir(cwd)
    try:
        with contextlib.redirect_stdout(o),contextlib.redirect_stderr(e):
            try: rc=main(args)
            except SystemExit as x: rc=x.code
    finally: os.chdir(old)
    return subprocess.CompletedProcess(args,rc or 0,o.buffer.getvalue().decode(),e.buffer.getvalue().decode())
