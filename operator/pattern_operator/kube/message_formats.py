"""The messages of API servers that are understood whole: each format is parsed, and rewritten of its names alone.

A form is a function of the text and of what was sent; it gives an empty text where the message has another form.
"""

import re
from typing import Final

from pattern_operator.kube.fieldpath import field_path, name_or_mask
from pattern_operator.kube.redact import AROUND, KNOWN, SENTENCE, sentence, together
from pattern_operator.kube.request_content import RequestContent
from pattern_operator.quote import MASK, cut, first_few


def subject_of(match: re.Match[str]) -> str:
    """``Job.batch "migrate"``: the kind and the name of the first two groups."""
    kind, name = match.group(1), match.group(2)[1:-1]
    return f'{name_or_mask(kind)} "{name_or_mask(name)}"'


def _typed_patch(text: str, request: RequestContent) -> str:
    """structured-merge-diff, typed/validate.go: what does not fit the schema, line by line."""
    head = re.match(
        r"(failed to create typed patch object|failed to convert (?:patch|new) object(?: to proper version)?"
        r"|failed to create typed \w+ object|failed to prune fields|failed to add back owned items)",
        text,
    )
    if head is None:
        return ""
    subject = re.match(r" \(([\w./:-]{0,600}); ([\w./-]{1,300}), Kind=(\w{1,100})\)", text[head.end() :])
    where = f" ({subject.group(1)}; {subject.group(2)}, Kind={subject.group(3)})" if subject else ""
    parts = list(dict.fromkeys(_typed(match) for match in _TYPED.finditer(text)))
    said = (
        first_few(parts, _FIELDS, separator="; ")
        or _no_base64(text, request)
        or _conversion(text, request)
        or "it does not fit the schema of its kind"
    )
    return f"{head.group(1)}{where}: {said}"


_TYPED: Final = re.compile(
    r"(?:^|\n\s{0,8}|\): )(?:element \d{1,6}: )?(?P<path>\.[^\s:]{1,300}(?:\[[^\]\n]{0,300}\][^\s:]{0,300})?): "
    r"(?:element \d{1,6}: )?"
    r"(?P<rule>field not declared in schema|expected (?:numeric \(int or float\)|any scalar|[a-z]{1,20}), got"
    r"|duplicate entries for key|associative list with keys has an element that omits|unexpected scalar type)"
)


def _typed(match: re.Match[str]) -> str:
    path, said = field_path(match["path"]), match["rule"]
    if said.startswith("expected"):
        return f"{path}: {said} another type"
    if said.startswith("associative"):
        return f"{path}: an entry of the list has no key"
    return f"{path}: {said}"


UNREADABLE_ENTRY: Final = "managedFields cannot be read: "


def _unreadable_entry(text: str, request: RequestContent) -> str:
    """structured-merge-diff, merge/update.go: the live object in the version of an entry, bare or after what failed.

    What does not fit of the request itself has a head that names the object (``_typed_patch``), and is none of this.
    """
    del request
    rest = re.sub(r"^failed to (?:prune fields|add back owned items): (?:failed to convert [\w .]{1,80}: )?", "", text)
    if match := re.match(r"request to convert CR to an invalid group/version: ([\w.-]{1,253}/[\w.-]{1,63})$", rest):
        return f"{UNREADABLE_ENTRY}an entry is of {match.group(1)}, which the CRD does not have any more"
    parts = list(dict.fromkeys(_typed(match) for match in _TYPED.finditer(rest) if "not declared" in match["rule"]))
    if not parts or not re.match(r"(?:\.|errors:\n)", rest):
        return ""
    return f"{UNREADABLE_ENTRY}{first_few(parts, _FIELDS, separator='; ')}, in the version of an entry"


def _strict(text: str, request: RequestContent) -> str:
    """apimachinery, runtime/serializer/json: names of fields, each quoted, after the marker."""
    del request
    _, marker, rest = text.partition("strict decoding error: ")
    if not marker:
        return ""
    found = re.findall(r'(unknown|duplicate) field ("(?:[^"\\]|\\.){0,400}")', rest)
    parts = list(dict.fromkeys(f"{kind} field {field_path(name[1:-1])}" for kind, name in found))
    return "strict decoding error: " + (
        first_few(parts, _FIELDS, separator="; ") or "it does not fit the schema of its kind"
    )


def _conversion(text: str, request: RequestContent) -> str:
    """apiextensions-apiserver, conversion/webhook_converter.go: the CRD's own webhook, which may come back."""
    del request
    match = re.search(r"conversion webhook for ([\w./-]{1,300}), Kind=(\w{1,100}) failed", text)
    if match is None:
        return ""
    return f"conversion webhook for {match.group(1)}, Kind={match.group(2)} failed: {_webhook_fault(text)}"


def _no_base64(text: str, request: RequestContent) -> str:
    """encoding/base64: ``illegal base64 data at input byte 7``; which field it is only the request tells."""
    if "illegal base64 data" not in text:
        return ""
    paths = [field_path(path) for path in request.not_base64()]
    if not paths:
        return "illegal base64 data: the values of data must be base64; write them under stringData as they are"
    what = f"{first_few(paths, _NAMED)} {'is' if len(paths) == 1 else 'are'} not base64"
    plain = all(path.startswith("data.") for path in paths)
    return what + ("; write it under stringData as it is" if plain else "")


_NAMED: Final = 5  # fields that a message names
_FIELDS: Final = 8  # faults of fields that it names


def _unmarshal(text: str, request: RequestContent) -> str:
    """encoding/json: ``cannot unmarshal number 1234 into Go struct field Secret.data of type []uint8``."""
    match = re.search(
        r"cannot unmarshal (string|number|object|array|bool)[^\n]{0,200}? into Go (?:struct field ([\w.]{1,200})|value)"
        r" of type ([\w.\[\]*{} /]{1,100})",
        text,
    )
    if match is not None:
        kind, field, type_ = match.groups()
        return f"{field or 'the object'}: expected {type_.strip()}, got a JSON {kind}"
    if said := _no_base64(text, request):
        return said
    if "unable to parse quantity" in text or "quantities must match the regular expression" in text:
        return "a quantity is not one: it must be written as 500m, 2 or 1Gi"
    if re.search(
        r"error converting YAML to JSON|error decoding YAML|yaml: |invalid character .{1,20} looking for", text
    ):
        return "the server could not decode the request"
    return ""


_ACCOUNT: Final = r'(?P<user>"(?:[^"\\]|\\.){0,300}")'
_RBAC: Final = re.compile(
    rf"(?P<head>.{{0,600}}?)(?:is )?forbidden: User {_ACCOUNT} cannot (?P<verb>[a-z*]{{1,40}})"
    r' (?:resource "(?P<resource>[\w./*-]{1,200})" in API group "(?P<group>[\w.*-]{0,200})"'
    r'(?P<scope> at the cluster scope| in the namespace "[\w.-]{1,63}")?|path "(?P<path>[\w./-]{0,300})")'
    r'(?:: RBAC: (?P<missing>(?:cluster)?role[\w.]{0,60} "[\w.:-]{1,253}" not found))?',
    re.DOTALL,
)


def _rbac(text: str, request: RequestContent) -> str:
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


_DENIED: Final = re.compile(
    r"(?:\S{1,300}(?: \"[^\"\n]{0,300}\")? is forbidden: )?(?P<who>admission webhook \"(?P<hook>[\w.-]{1,253})\""
    r"|ValidatingAdmissionPolicy '(?P<policy>[\w.-]{1,253})'(?: with binding '(?P<binding>[\w.-]{1,253})')?)"
    r" denied (?:the )?request(?: without explanation)?(?P<colon>: ?)?"
)


DENIAL: Final = re.compile(
    r"(?:admission webhook \"[\w.-]{1,253}\"|ValidatingAdmissionPolicy '[\w.-]{1,253}'"
    r"(?: with binding '[\w.-]{1,253}')?) denied the request"
)


def _denied(text: str, request: RequestContent) -> str:
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


_OBJECT: Final = re.compile(  # the path of one whose name needs no escapes
    r"/(?:api|apis/(?P<group>[a-z0-9.-]{1,253}))/v\w{1,30}(?:/namespaces/(?P<namespace>[a-z0-9-]{1,63}))?"
    r"/(?P<plural>[a-z0-9-]{1,63})/(?P<name>[a-z0-9.-]{1,253})"
)


def _webhook_failed(text: str, request: RequestContent) -> str:
    del request
    match = re.match(r'.{0,100}?failed calling webhook "([\w.-]{1,253})"', text)
    if match is None:
        return ""
    service = re.search(r"https://([\w.-]{1,253}?)(?::\d{1,5})?/", text)
    where = f" at {service.group(1)}" if service else ""
    return f'failed calling webhook "{match.group(1)}"{where}: {_webhook_fault(text)}'


def _webhook_fault(text: str) -> str:
    faults = (
        "connection refused",
        "no such host",
        "no endpoints available",
        "context deadline exceeded",
        "i/o timeout",
        "certificate has expired",
        "certificate signed by unknown authority",
        "EOF",
    )
    why = next((each for each in faults if each in text), "it did not answer as a webhook does")
    missing = re.search(r'service "([\w.-]{1,63})" not found', text)
    return f'service "{missing.group(1)}" not found' if missing else why


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


def _limits(text: str, request: RequestContent) -> str:
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
    return cut(head + " ".join(together(_limit_word(word) for word in rest[:2000].split())), SENTENCE)


def _limit_word(word: str) -> str:
    core = word.strip(AROUND)
    named = re.fullmatch(r"[\w./:=,\[\]\"'()-]{1,200}", core) and not re.search(r"[A-Za-z0-9+_=]{41,}", core)
    return word if word.isprintable() and (not core or named or KNOWN.fullmatch(core)) else MASK


FORMS: Final = (
    _unreadable_entry,
    _typed_patch,
    _denied,
    _webhook_failed,
    _conversion,
    _rbac,
    _limits,
    _strict,
    _unmarshal,
    _fixed,
)
