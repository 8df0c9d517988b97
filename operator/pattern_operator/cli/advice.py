"""The next step at a terminal, where an error's own words speak to someone who writes a DesignPattern."""

import re
from typing import Final

from pattern_operator.api.reason import Reason
from pattern_operator.errors import PatternError, Transient

_LATER: Final = re.compile(r"; it is (?:asked|tried) again(?: later)?\.")  # not by a command that ends
_LOGIN: Final = "log in with `docker login <host>`, whose config ($DOCKER_CONFIG or ~/.docker) is what is read"
_CHOOSE: Final = "choose with --path and --media-type; --format says what it is"

_NEXT: Final[dict[Reason, str]] = {
    Reason.INVALID_REFERENCE: "write oci://host[:port]/repository:tag, or @sha256:... in place of the tag",
    Reason.ARTIFACT_NOT_FOUND: "name a path that exists, or an artifact as oci://host[:port]/repository:tag",
    Reason.AUTHENTICATION_REQUIRED: _LOGIN,
    Reason.AUTHENTICATION_FAILED: _LOGIN,
    Reason.ACCESS_DENIED: _LOGIN,
    Reason.TLS_FAILED: "--insecure speaks plain http; $SSL_CERT_FILE names the authorities to trust",
    Reason.LAYER_NOT_FOUND: _CHOOSE,
    Reason.NOT_A_PATTERN: _CHOOSE,
    Reason.SIGNATURE_UNTRUSTED: "give the public key of whoever signed it with --key",
    Reason.KEY_INVALID: "give a cosign.pub with --key",
    Reason.KIND_NOT_FOUND: "install the operator, or only its CRD with `kubectl apply -k crds`",
    Reason.CACHE_UNAVAILABLE: "patternctl keeps what it pulls in a temporary directory: $TMPDIR says where",
}


def diagnostics(error: PatternError) -> str:
    """What the error says of itself, and what to do about it here."""
    step = _NEXT.get(error.reason)
    if step is None and isinstance(error, Transient):
        step = "patternctl asks once: run it again"
    said = _LATER.sub(".", error.diagnostics()).replace("set source.tokenService: ", "give --token-service ")
    return said + (f"\n  at the terminal: {step}" if step else "")
