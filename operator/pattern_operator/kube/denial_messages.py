"""The messages of API servers on what is not allowed: by RBAC, by admission, by quotas and other limits."""

import re
from typing import Final

from pattern_operator.kube.fieldpath import name_or_mask
from pattern_operator.kube.redact import AROUND, KNOWN, SENTENCE, sentence, subject_of, together
from pattern_operator.kube.request_content import RequestContent
from pattern_operator.quote import MASK, cut

_READ: Final = 2000  # characters of what a limit says: more than is shown
_ACCOUNT: Final = r'(?P<user>"(?:[^"\\]|\\.){0,300}")'
_RBAC: Final = re.compile(
    rf"(?P<head>.{{0,600}}?)(?:is )?forbidden: User {_ACCOUNT} cannot (?P<verb>[a-z*]{{1,40}})"
    r' (?:resource "(?P<resource>[\w./*-]{1,200})" in API group "(?P<group>[\w.*-]{0,200})"'
    r'(?P<scope> at the cluster scope| in the namespace "[\w.-]{1,63}")?|path "(?P<path>[\w./-]{0,300})")'
    r'(?:: RBAC: (?P<missing>(?:cluster)?role[\w.]{0,60} "[\w.:-]{1,253}" not found))?',
    re.DOTALL,
)
_DENIED: Final = re.compile(
    r"(?:\S{1,300}(?: \"[^\"\n]{0,300}\")? is forbidden: )?(?P<who>admission webhook \"(?P<hook>[\w.-]{1,253})\""
    r"|ValidatingAdmissionPolicy '(?P<policy>[\w.-]{1,253})'(?: with binding '(?P<binding>[\w.-]{1,253})')?)"
    r" denied (?:the )?request(?: without explanation)?(?P<colon>: ?)?"
)
DENIAL: Final = re.compile(
    r"(?:admission webhook \"[\w.-]{1,253}\"|ValidatingAdmissionPolicy '[\w.-]{1,253}'"
    r"(?: with binding '[\w.-]{1,253}')?) denied the request"
)
_OBJECT: Final = re.compile(  # the path of one whose name needs no escapes
    r"/(?:api|apis/(?P<group>[a-z0-9.-]{1,253}))/v\w{1,30}(?:/namespaces/(?P<namespace>[a-z0-9-]{1,63}))?"
    r"/(?P<plural>[a-z0-9-]{1,63})/(?P<name>[a-z0-9.-]{1,253})"
)


def rbac_denial(text: str, request: RequestContent) -> str:
    """apiserver, endpoints/handlers/responsewriters: who may not do what, composed of its names alone."""
    del request
    if match := _RBAC.match(text):
        head = re.match(r'([\w./-]{1,200})(?: "([^"\s]{1,253})")? $', match["head"])
        subject = (
            (head.group(1) + (f' "{name_or_mask(head.group(2))}"' if head.group(2) else "") + " is ") if head else ""
        )
        what = (
            f'path "{match["path"]}"'
            if match["path"] is not None
            else f'resource "{match["resource"]}" in API group "{match["group"]}"{match["scope"] or ""}'
        )
        missing = f": RBAC: {match['missing']}" if match["missing"] else ""
        return f'{subject}forbidden: User "{name_or_mask(match["user"][1:-1])}" cannot {match["verb"]} {what}{missing}'
    match = re.search(
        rf"user {_ACCOUNT} \(groups=.{{0,2000}}?is attempting to grant RBAC permissions not", text, re.DOTALL
    )
    if match is not None:
        return (
            f'forbidden: user "{name_or_mask(match["user"][1:-1])}" is attempting to grant RBAC permissions not'
            " currently held"
        )
    return ""


def admission_denial(text: str, request: RequestContent) -> str:
    """apiserver, plugin/webhook/errors and plugin/policy/validating: ``DENIAL``, and what it says."""
    match = _DENIED.match(text)
    if match is None:
        return ""
    said = sentence(text[match.end() :], request)
    if not said and match["colon"]:
        said = f"(its words are not shown, because they may repeat values; ask it with {_same(request)})"
        return f"{match['who']} denied the request {said}"
    if MASK in said and not request.is_whole:
        said += f" (*** may be a value that others have put into the object: {_same(request)} shows it)"
    return f"{match['who']} denied the request" + (f": {said}" if said else "")


def _same(request: RequestContent) -> str:
    """The command that asks the same of the API server, and changes nothing."""
    if not request.is_deletion:
        return "kubectl apply --dry-run=server"
    found = _OBJECT.fullmatch(request.path)
    if found is None:
        return "kubectl delete --dry-run=server"
    group, namespace, plural, name = found.groups()
    kind = f"{plural}.{group}" if group else plural
    where = f" -n {namespace}" if namespace else ""
    return f"kubectl delete {kind} {name}{where} --dry-run=server"


def limit_denial(text: str, request: RequestContent) -> str:
    """Quotas, limit ranges and pod security: built in, and they name resources, quantities and fields alone."""
    del request
    match = re.match(r'(?:([\w./-]{1,300}) ("[^"\s]{0,253}") is )?forbidden: ', text)
    rest = text[match.end() :] if match else text
    built_in = re.match(
        r"(?:exceeded quota: |failed quota: |violates PodSecurity |\[?(?:maximum|minimum) "
        r"|unable to create new content in|error looking up service account |no providers available )",
        rest,
    )
    if built_in is None:
        return ""
    head = f"{subject_of(match)} is forbidden: " if match and match.group(1) else ""
    return cut(head + " ".join(together(_limit_word(word) for word in rest[:_READ].split())), SENTENCE)


def _limit_word(word: str) -> str:
    core = word.strip(AROUND)
    named = re.fullmatch(r"[\w./:=,\[\]\"'()-]{1,200}", core) and not re.search(r"[A-Za-z0-9+_=]{41,}", core)
    return word if word.isprintable() and (not core or named or KNOWN.fullmatch(core)) else MASK
