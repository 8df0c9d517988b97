"""`name` of an Answer is shown where it stands in the expression: a value of the object used as a key is shown in status."""
import sys, json
from pattern_operator.health_checks import language
from pattern_operator.health_checks.answer import judged
# de Bruijn sequence of letters, order 2: every pair of them stands in the expression, as an inoffensive regular expression
A = "abcdefghijklmnopqrstuvwxyz"
def de_bruijn(k, n):
    a=[0]*len(k)*n; s=[]
    def db(t,p):
        if t>n:
            if n%p==0: s.extend(a[1:p+1])
        else:
            a[t]=a[t-p]; db(t+1,p)
            for j in range(a[t-p]+1,len(k)): a[t]=j; db(t+1,t)
    db(1,1); return "".join(k[i] for i in s)+k[:n-1]
seq = de_bruijn(A, 2)
secret = "xkcdhunter"
import base64
body = json.dumps({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"password":base64.b64encode(secret.encode()).decode()}}).encode()
got = ""
for at in range(0, len(secret), 2):
    e = '{"%s": true}[string(base64.decode(data.password)).substring(%d)%s]' % (seq, at, ".substring(0, 2)" if at + 2 < len(secret) else "")
    assert len(e) <= 2048
    said = judged(language.judge({"current": e}, body), e)
    print(said); got += said.fact.rpartition(" ")[2]
print("read from status:", got)
sys.exit(1 if got == secret else 0)
