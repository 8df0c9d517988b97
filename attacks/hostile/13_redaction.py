"""Values of parameters (of Secrets) in the words of helm, in forms that ordinary template functions write and redaction does
not know: toJson (Go escapes < > & as \\u003c ...), toYaml (' is written '' in quotes), quote of U+2028, urlquery, html."""
from common import *
import json, re
from pattern_operator.errors import Stalled
bad = []
for name, t, value, part in (
    ("toJson", '{{ fail (toJson .Values.auth) }}', "pa<ss&word-1234", "word-1234"),
    ("toYaml", '{{ fail (toYaml .Values.auth) }}', "it's: 1234secret", "1234secret"),
    ("quote", '{{ fail (quote .Values.auth.password) }}', "geheim\u2028x-123456", "x-123456"),
    ("urlquery", '{{ fail (printf "postgres://u:%s@db" (urlquery .Values.auth.password)) }}', "pa<ss&word-1234", "word-1234"),
    ("b64 of user:password", '{{ fail (printf "u:%s" .Values.auth.password | b64enc) }}', "password-1234", "dTpwYXNzd29yZC0xMjM0"),
):
    try: rendered({"Chart.yaml": CHART, "templates/x.yaml": t}, parameters=json.dumps({"auth": {"password": value}}, ensure_ascii=False).encode())
    except Stalled as e:
        print(name, "|", e.message[30:230])
        if part in e.message: bad.append(name)
verdict(bool(bad), f"shown in status: {bad}")
