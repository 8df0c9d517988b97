"""Hands a case of format ``cosign-classic`` to the verifier of classic cosign."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from tests.conformance.case import Case
from tests.conformance.sigstore_bundle import matcher

from pattern_operator.api.reference import OCI_SCHEME, Repository
from pattern_operator.limits import MAX_SIGNATURE_BLOB
from pattern_operator.verify.authority import CertificateAuthority, Identity, KeyAuthority, KeylessAuthority, LogPolicy
from pattern_operator.verify.cosign.layer import read_layer
from pattern_operator.verify.cosign.verify import verify_layer
from pattern_operator.verify.outcome import Outcome, Verified
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.sigstore.certificate import judge_own_certificate
from pattern_operator.verify.subject import Subject
from pattern_operator.verify.trusted_root import Authority, Log, TrustedRoot, Validity, load_trusted_root, log_of_key

_ALWAYS: Final = Validity(datetime(1970, 1, 1, tzinfo=UTC))
_Authority = KeyAuthority | KeylessAuthority | CertificateAuthority


def judge(case: Case) -> str | None:
    """Why too few layers are good; None where there are enough of different signers."""
    subject, authorities, threshold = _subject(case), _authorities(case), case.get("threshold", 1)
    signers, reasons = set(), []
    for layer in case["layers"]:
        outcomes = [_outcome(case, layer, subject, authority) for authority in authorities]
        # By one signer alone, as ``judgement`` counts: a second key can be made to fit a signature.
        signers |= set([each.signer for each in outcomes if isinstance(each, Verified)][:1])
        reasons += [each.why for each in outcomes if isinstance(each, Rejection)]
    if len(signers) >= threshold:
        return None
    return "; ".join([f"{len(signers)} of {threshold} signers", *reasons])


def _outcome(case: Case, layer: Mapping[str, Any], subject: Subject, authority: _Authority) -> Outcome:
    read = read_layer(
        case.read(layer["payload"], most=MAX_SIGNATURE_BLOB),
        media_type=layer["mediaType"],
        annotations=layer.get("annotations", {}),
    )
    found = read if isinstance(read, Rejection) else verify_layer(read, subject, authority=authority, now=case.now)
    if isinstance(read, Rejection) or isinstance(found, Rejection) or not isinstance(authority, CertificateAuthority):
        return found
    # The operator asks whether the chain was valid when a log took the signature in; the README, whether it is now.
    valid_now = judge_own_certificate(read.certificates, times=(), authority=authority, now=case.now)
    return valid_now if isinstance(valid_now, Rejection) else found


def _subject(case: Case) -> Subject:
    reference = case.get("reference")
    named = (Repository.parse(f"{OCI_SCHEME}{reference}"),) if reference is not None else ()
    return Subject.of(case.read(case["manifest"]), repositories=named)


def _authorities(case: Case) -> Sequence[_Authority]:
    logs = tuple(log_of_key(case.key(key), valid=_ALWAYS) for key in case.get("rekorKeys", ()))
    log = LogPolicy(logs) if "rekorKeys" in case.fields else None
    if "keys" in case.fields:
        return [KeyAuthority(key, (case.key(key),), log=log) for key in case["keys"]]
    if "byoPki" in case.fields:
        own = case["byoPki"]
        wanted = own["subject"]
        return [
            CertificateAuthority(
                "case",
                roots=case.certificates(own["roots"]),
                intermediates=case.certificates(own.get("intermediates", [])),
                emails=(wanted["email"],) if wanted.get("email") is not None else (),
                dns_names=(wanted["dns"],) if wanted.get("dns") is not None else (),
                log=log,
            )
        ]
    keyless = case["keyless"]
    return [
        KeylessAuthority(
            "case",
            (Identity(matcher(keyless.get("identity")), matcher(keyless.get("issuer"))),),
            _root(case, logs),
            sct_required=keyless.get("requireSct", True),
        )
    ]


def _root(case: Case, logs: tuple[Log, ...]) -> TrustedRoot:
    """The trusted root; where keys of logs are given as well, these are the logs."""
    keyless = case["keyless"]
    if "trustedRoot" not in keyless:
        roots = case.certificates(keyless["fulcioRoots"])
        return TrustedRoot(tuple(Authority((root,), _ALWAYS) for root in roots), logs=logs)
    root = load_trusted_root(case.read(keyless["trustedRoot"]), name="case")
    if "rekorKeys" not in case.fields:
        return root
    return TrustedRoot(root.certificate_authorities, logs, root.ct_logs, root.timestamp_authorities)
