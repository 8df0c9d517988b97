"""Error messages of the command line: messages for a DesignPattern in the terms of flags and arguments, with hints.

The packages that a command shares with the operator name fields of a spec and Secrets, which a command does not have.
A message has the fact and the next step; its causes are shown with ``--verbose``.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Final

from pattern_operator.api.reason import Reason
from pattern_operator.error_text import causes_of, words_of
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.quote import one_line, quoted

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
        (r"(?:spec\.)?source\.secretRef", f"what {_LOGIN} has written"),
        (r"(?:spec\.)?source\.(?:ref(?:\.[a-zA-Z]+)?|url)", "the reference"),
        (r"(?:spec\.)?verify\.authorities|spec\.verify", "--key"),
        (
            r"(incompatible with Kubernetes v[0-9.]*[0-9])\.? Correct the chart, or its parameters in spec\.render",
            r"\1. Name a version that it takes by --kube-version, or correct the chart",
        ),
        (
            r"private key, which must not be here: remove it, and treat it as disclosed",
            "private key: name the public one",
        ),
    )
)

# Fields that a DesignPattern in a file may have said, after the others.
_OF_RENDERING: Final = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?:spec\.)?source\.layer\.path", "--path"),
        (r"spec\.render\.parameters or what valuesFrom names", "--values or --set"),
        (r"spec\.render\.parameters and valuesFrom", "--values and --set"),
        (r"spec\.render\.targetNamespace", "--target-namespace"),
        (r"spec\.render\.format", "--format"),
        (r"spec\.render\.patches", "--patch"),
        (r"set spec\.render\.skipSchemaValidation: true", "give --skip-schema-validation"),
        (r"spec\.render\.skipSchemaValidation(?:: true)?", "--skip-schema-validation"),
        (r"spec\.render\.repairs", "the repairs that are allowed"),
        (r"spec\.render(?:\.(?:parameters|valuesFrom))?", "--values or --set"),
    )
)
PARAMETERS: Final = "parameters"
_IN_PLACE_OF: Final = {  # what a flag counts in the place of, by the name of the argument
    "path": re.compile(r"(?:spec\.)?source\.layer\.path"),
    "target_namespace": re.compile(r"spec\.render\.targetNamespace"),
    "format": re.compile(r"spec\.render\.format"),
    PARAMETERS: re.compile(
        r"spec\.render(?:\.parameters(?: or what valuesFrom names| and valuesFrom)?|\.valuesFrom)?(?!\.?\w)"
    ),
}
_OF_A_FILE: Final = re.compile(r"\bspec\.(?:render|source\.layer)(?:\.[A-Za-z]+)*(?:\[\d+\])?(?:: true)?")

# Reasons that have another name at a terminal, where there are no Secrets.
_REASONS: Final = {Reason.SECRET_INVALID: Reason.DOCKER_CONFIG_INVALID}

# Hints: the next step for messages that end without one.
_REFERENCE: Final = "oci://host[:port]/repository:tag"
_A_PATH: Final = "name a file or folder."  # how the error of a path ends
_BUILT: Final = "publish the output of"  # where an error says what to do about a kustomization or chart
_RANGE: Final = "is not a range of versions"  # which says itself what one is
_NEXT: Final[dict[Reason, str]] = {
    Reason.INVALID_REFERENCE: f"write {_REFERENCE}, or @sha256:... in place of the tag",
    Reason.TLS_FAILED: "$SSL_CERT_FILE names a file with the certificate authorities to trust",
    Reason.NOT_A_PATTERN: "--path chooses a file or folder in it, --media-type a layer, and --format says what it is",
    Reason.KIND_NOT_FOUND: "install the operator, or only its CRD with `kubectl apply --server-side -k crds`",
    Reason.CACHE_UNAVAILABLE: "$TMPDIR says where patternctl keeps what it pulls, for as long as it runs",
}


class OfFile(Stalled):
    """What is wrong with a file that was given: the fields that it names are those of the file, and stay."""


def reason_of(error: PatternError) -> Reason:
    """The reason of an error, as the command line prints it."""
    return _REASONS.get(error.reason, error.reason)


def in_cli_terms(message: str) -> str:
    """A message in terms of flags and arguments, without fields of a spec."""
    message = _without_registry_fields(message)
    for pattern, replacement in _OF_RENDERING:
        message = pattern.sub(replacement, message)
    return message


def in_terms_of_pattern(message: str, *, path: str, flags: Mapping[str, str]) -> str:
    """A message in terms of the fields of the DesignPattern in the file ``path``.

    ``flags`` are the words for flags that count in the place of fields (``_IN_PLACE_OF``); ``{field}`` in one is the
    field, where both count.
    """
    message = _without_registry_fields(message)
    for argument, words in flags.items():
        message = _IN_PLACE_OF[argument].sub(partial(_worded, words), message)
    return _OF_A_FILE.sub(lambda found: f"{found[0]} in {quoted(path)}", message, count=1)


def _worded(words: str, found: re.Match[str]) -> str:
    return words.format(field=found[0])


def _without_registry_fields(message: str) -> str:
    found = _HOST.match(message)
    host = found[1] if found else "HOST"
    for pattern, replacement in _REPLACED:
        message = pattern.sub(replacement.format(host=host), message)
    return message


def message_of(error: PatternError) -> str:
    """The fact and the next step, in terms of a command line."""
    message = one_line(error.message, _MAX)
    return message if isinstance(error, OfFile) else in_cli_terms(message)


def format_error(error: PatternError, *, verbose: bool = False) -> str:
    """The lines of an error: the fact and the next step; with ``verbose`` its causes, one a line."""
    message = message_of(error)
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
    if error.reason is Reason.INVALID_REFERENCE and _RANGE in error.message:
        return None
    return _NEXT.get(error.reason)
