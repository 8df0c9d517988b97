"""Error messages of the command line: messages for a DesignPattern in the terms of flags and arguments, with hints.

The packages that a command shares with the operator name fields of a spec and Secrets, which a command does not have.
A message has the fact and the next step; its causes are shown with ``--verbose``.
"""

import re
from typing import Final

from pattern_operator.api.reason import Reason
from pattern_operator.error_text import causes_of, words_of
from pattern_operator.errors import PatternError, Transient
from pattern_operator.quote import one_line

_MAX: Final = 8192  # bytes of a message
_HOST: Final = re.compile(r"([A-Za-z0-9.-]+(?::\d+)?|\[[0-9a-fA-F:]+\](?::\d+)?)/[a-z0-9]")  # a message begins so
_LOGIN: Final = "`docker login {host}`"

# Sentences first, then single fields: no field of a spec is left, whatever the message.
_REPLACED: Final = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?:; it is|\. It is) (?:retried(?: later)?|asked again)\.", "; run it again."),
        (r"correct the Secret of (?:spec\.)?source\.secretRef", f"log in again with {_LOGIN}"),
        (r"set (?:spec\.)?source\.secretRef to a docker config with an entry for it", f"log in with {_LOGIN}"),
        (r"renew the Secret of (?:spec\.)?source\.secretRef", f"log in anew with {_LOGIN}"),
        (r"or correct (?:spec\.)?source\.secretRef", f"or log in as another user with {_LOGIN}"),
        (r"correct (?:spec\.)?source\.secretRef", f"log in another way with {_LOGIN}"),
        (
            r"correct (?:spec\.)?source\.url or (?:spec\.)?source\.ref, or push",
            "correct the reference, or push it first",
        ),
        (r"point (?:spec\.)?source\.ref at", "name"),
        (r"name its digest in (?:spec\.)?source\.ref\.digest", "name its digest, as in REPOSITORY@sha256:..."),
        (r"needs (?:spec\.)?source\.insecure: true", "needs --insecure"),
        (r"(?:spec\.)?source\.insecure(?:: true)?", "--insecure"),
        (r"set (?:spec\.)?source\.tokenService: ", "give --token-service "),
        (r"(?:spec\.)?source\.tokenService", "--token-service"),
        (r"(?:spec\.)?source\.layer\.mediaType", "--media-type"),
        (r"(?:spec\.)?source\.layer\.path", "--path"),
        (r"(?:spec\.)?source\.secretRef", f"what {_LOGIN} has written"),
        (r"(?:spec\.)?source\.(?:ref(?:\.[a-zA-Z]+)?|url)", "the reference"),
        (r"(?:spec\.)?verify\.authorities|spec\.verify", "--key"),
        (r"spec\.render\.targetNamespace", "--target-namespace"),
        (
            r"private key, which must not be here: remove it, and treat it as disclosed",
            "private key: name the public one",
        ),
    )
)

# Reasons that have another name at a terminal, where there are no Secrets.
_REASONS: Final = {Reason.SECRET_INVALID: Reason.DOCKER_CONFIG_INVALID}

# Hints: the next step for messages that end without one.
_REFERENCE: Final = "oci://host[:port]/repository:tag"
_A_PATH: Final = "name a file or folder."  # how the error of a path ends
_BUILT: Final = "publish the output of"  # where an error says what to do about a kustomization or chart
_NEXT: Final[dict[Reason, str]] = {
    Reason.INVALID_REFERENCE: f"write {_REFERENCE}, or @sha256:... in place of the tag",
    Reason.TLS_FAILED: "$SSL_CERT_FILE names a file with the certificate authorities to trust",
    Reason.NOT_A_PATTERN: "--path chooses a file or folder in it, --media-type a layer, and --format says what it is",
    Reason.KIND_NOT_FOUND: "install the operator, or only its CRD with `kubectl apply --server-side -k crds`",
    Reason.CACHE_UNAVAILABLE: "$TMPDIR says where patternctl keeps what it pulls, for as long as it runs",
}


def reason_of(error: PatternError) -> Reason:
    """The reason of an error, as the command line prints it."""
    return _REASONS.get(error.reason, error.reason)


def in_cli_terms(message: str) -> str:
    """A message in terms of flags and arguments, without fields of a spec."""
    found = _HOST.match(message)
    host = found[1] if found else "HOST"
    for pattern, replacement in _REPLACED:
        message = pattern.sub(replacement.format(host=host), message)
    return message


def format_error(error: PatternError, *, verbose: bool = False) -> str:
    """The lines of an error: the fact and the next step; with ``verbose`` its causes, one a line."""
    message = in_cli_terms(one_line(error.message, _MAX))
    if isinstance(error, Transient) and "again" not in message:
        message = f"{message.rstrip('.')}; run it again."
    lines = [f"{reason_of(error)}: {message}"]
    if (step := _next(error)) is not None:
        lines.append(f"  {step}")
    if verbose:
        lines += [f"  because: {words_of(cause)}" for cause in causes_of(error)]
    return "\n".join(lines)


def _next(error: PatternError) -> str | None:
    if error.reason is Reason.ARTIFACT_NOT_FOUND and error.message.endswith(_A_PATH):
        return f"an artifact is written {_REFERENCE}"
    if error.reason is Reason.NOT_A_PATTERN and _BUILT in error.message:
        return None
    if error.reason is Reason.TLS_FAILED and "certificate" not in error.message:
        return None
    return _NEXT.get(error.reason)
