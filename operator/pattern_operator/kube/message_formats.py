"""The messages of API servers that are understood whole: each format is parsed, and rewritten of its names alone.

A form is a function of the text and of what was sent; it gives an empty text where the message has another form.
"""

import re
from typing import Final

from pattern_operator.kube.decoding_messages import strict_decoding, typed_patch, unmarshal, unreadable_entry
from pattern_operator.kube.denial_messages import admission_denial, limit_denial, rbac_denial
from pattern_operator.kube.request_content import RequestContent
from pattern_operator.kube.webhook_messages import conversion, webhook_failed

_FIXED: Final = re.compile(
    r'(?P<whole>[\w./-]{1,300} "[^"\s]{1,253}" (?:not found|already exists)'
    r"|the server could not find the requested resource|404 page not found|Unauthorized"
    r"|the server is currently unable to handle the request"
    r"|Too many requests, please try again later\.?|slow down"
    r"|the server has received too many requests and has asked us to try again later"
    r"|The resourceVersion for the provided (?:list|watch) is too old\.?"
    r"|too old resource version: \d{1,20} \(\d{1,20}\)"
    r"|Expired|too old"
    r"|Timeout: request did not complete within requested timeout(?: - context deadline exceeded)?"
    r"|context deadline exceeded|etcdserver: [a-z ,]{1,100}|leader changed"
    r"|Request entity too large: limit is \d{1,12}"
    r'|object is being deleted: [\w./-]{1,300} "[^"\s]{1,253}" already exists)'
)
MODIFIED: Final = "the object has been modified"
ANOTHER: Final = "the object is another one by now"
# registry/generic/registry/store.go; endpoints/handlers/patch.go; registry/rest/delete.go; storage/etcd3.
_CONFLICT: Final = re.compile(
    rf'Operation cannot be fulfilled on ([\w./-]{{1,300}}) ("[^"\s]{{1,253}}"): ({MODIFIED}'
    r"(?:; please apply your changes to the latest version and try again)?|uid mismatch: "
    r"|the (?:UID|ResourceVersion) in the precondition |[^\n]{0,700}Precondition failed: )"
)


def _fixed(text: str, request: RequestContent) -> str:
    del request
    match = _FIXED.fullmatch(text.strip())
    if match is not None:
        return match.group()
    if match := _CONFLICT.match(text):
        said = match.group(3) if match.group(3).startswith(MODIFIED) else ANOTHER
        return f"Operation cannot be fulfilled on {match.group(1)} {match.group(2)}: {said}"
    if "etcdserver: request is too large" in text or "trying to send message larger than max" in text:
        return "etcdserver: request is too large"
    return ""


FORMS: Final = (
    unreadable_entry,
    typed_patch,
    admission_denial,
    webhook_failed,
    conversion,
    rbac_denial,
    limit_denial,
    strict_decoding,
    unmarshal,
    _fixed,
)
