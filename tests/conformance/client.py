"""``verify-bundle`` of the protocol of sigstore-conformance, by the operator's verifier: see ``sigstore_client``."""

import argparse
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pattern_operator.api.reference import Digest
from pattern_operator.errors import Stalled
from pattern_operator.verify.authority import (
    Authority,
    Identity,
    KeyAuthority,
    KeylessAuthority,
    LogPolicy,
    TimestampPolicy,
)
from pattern_operator.verify.bundle.document import read_bundle
from pattern_operator.verify.bundle.verify import verify_bundle
from pattern_operator.verify.key import load
from pattern_operator.verify.load_sigstore import public_trusted_root
from pattern_operator.verify.matcher import Exactly
from pattern_operator.verify.outcome import Outcome
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.subject import Subject
from pattern_operator.verify.trusted_root import TrustedRoot, load_trusted_root

_DIGEST = re.compile(r"sha(?:256|512):[0-9a-f]+")


def main(arguments: Sequence[str]) -> int:
    """Verify one bundle; 0 where it holds."""
    try:
        outcome = verify(_parse(arguments))
    except (Stalled, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    if isinstance(outcome, Rejection):
        print(f"the bundle {outcome.why}", file=sys.stderr)
        return 1
    return 0


def verify(asked: argparse.Namespace) -> Outcome:
    """Judge the bundle of the command line; raises Stalled, OSError or ValueError where it cannot be judged."""
    bundle = read_bundle(asked.bundle.read_bytes())
    if isinstance(bundle, Rejection):
        return bundle
    if asked.staging and asked.trusted_root is None:
        raise ValueError("the trusted root of the staging instance is not here: name it with --trusted-root")
    content = public_trusted_root() if asked.trusted_root is None else asked.trusted_root.read_bytes()
    root = load_trusted_root(content, name="conformance")
    return verify_bundle(bundle, _subject(asked.artifact), authority=_authority(asked, root), now=datetime.now(UTC))


def _subject(artifact: str) -> Subject:
    if _DIGEST.fullmatch(artifact) and not Path(artifact).exists():
        return Subject(Digest.parse(artifact))
    return Subject.of(Path(artifact).read_bytes())


def _authority(asked: argparse.Namespace, root: TrustedRoot) -> Authority:
    if asked.key is not None:
        return KeyAuthority(
            "conformance",
            (load(asked.key.read_bytes(), name="conformance"),),
            log=LogPolicy(root.logs),
            timestamp=TimestampPolicy(root.timestamp_authorities, required=False),
        )
    if not asked.certificate_identity or not asked.certificate_oidc_issuer:
        raise ValueError("name --certificate-identity and --certificate-oidc-issuer, or --key")
    identity = Identity(Exactly(asked.certificate_identity), Exactly(asked.certificate_oidc_issuer))
    return KeylessAuthority("conformance", (identity,), root)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sigstore_client", allow_abbrev=False)
    verify_bundle_parser = parser.add_subparsers(required=True).add_parser("verify-bundle", allow_abbrev=False)
    verify_bundle_parser.add_argument("--staging", action="store_true")
    verify_bundle_parser.add_argument("--trusted-root", type=Path)
    verify_bundle_parser.add_argument("--certificate-identity")
    verify_bundle_parser.add_argument("--certificate-oidc-issuer")
    verify_bundle_parser.add_argument("--key", type=Path)
    verify_bundle_parser.add_argument("bundle", type=Path)
    verify_bundle_parser.add_argument("artifact")
    return parser.parse_args(arguments)
