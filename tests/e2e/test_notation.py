"""Signatures of the real notation, in both envelopes: with a CA, a timestamp authority and a list of the revoked that
live as long as the test."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated, Any, Final

import pytest
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ObjectIdentifier
from tests.e2e.scenario import Scenario, config_map, push
from tests.testbed.notation import Notation, NotationFailed
from tests.verify import notary, pki
from tests.verify.pki import CODE_SIGNING
from tests.verify.tsa import NAMES, SHA256, SHA384, SHA512, Tsa
from tests.verify.x509.test_revocation import crl, crl_at

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.reference import Digest
from pattern_operator.verify.timestamp import structures

HOUR: Final = timedelta(hours=1)
IDENTITY: Final = "x509.subject: C=US, ST=WA, O=Notary"
NOTATION: Final = "application/vnd.cncf.notary.signature"
KINDS = pytest.mark.parametrize("envelope", ["jws", "cose"])


@asn1.sequence
class TimestampRequest:
    """TimeStampReq, RFC 3161 section 2.4.1."""

    version: int
    imprint: structures.MessageImprint
    policy: ObjectIdentifier | None
    nonce: int | None
    certificates: Annotated[bool, asn1.Default(value=False)]


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def validity() -> dict[str, datetime]:
    return {"not_before": now() - HOUR, "not_after": now() + HOUR}


def signer(*extensions: Any) -> notary.Notary:
    root = pki.root("C=US,ST=WA,O=Notary,CN=root", **validity())
    between = pki.intermediate(root, "C=US,ST=WA,O=Notary,CN=between", **validity())
    leaf = between.issue("C=US,ST=WA,O=Notary,CN=signer", extensions=[*CODE_SIGNING, *extensions], **validity())
    return notary.Notary(leaf, (between, root))


@pytest.fixture(scope="module")
def alice() -> notary.Notary:
    return signer()


@pytest.fixture
def notation(testbed_state: Path, alice: notary.Notary) -> Notation:
    program = Notation(testbed_state / "notation")
    know(program, alice, "alice")
    return program


def know(program: Notation, who: notary.Notary, name: str) -> None:
    key = who.leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    program.add_key(name, key=key, chain=b"".join(each.pem for each in (who.leaf, *who.above)))


@contextmanager
def served(answer: Any) -> Iterator[str]:
    """The URL of a server that answers any request with what ``answer`` makes of its body."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            kind, content = answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name="answers", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def stamping(tsa: Tsa) -> Any:
    def answer(body: bytes) -> tuple[str, bytes]:
        asked = asn1.decode_der(TimestampRequest, body)
        used = asked.imprint.algorithm.algorithm
        assert used in (SHA256, SHA384, SHA512)
        assert len(asked.imprint.digest) == hashlib.new(NAMES[used]).digest_size
        chain = (tsa.identity.certificate.der, tsa.root.certificate.der)
        answer = tsa.respond(
            imprint_hash=used,
            imprint=asked.imprint.digest,
            imprint_parameters=asked.imprint.algorithm.parameters,  # notation compares them
            nonce=asked.nonce,
            certificates=chain,
            time=now(),
        )
        return "application/timestamp-reply", answer

    return answer


def trusting(who: notary.Notary, *stores: dict[str, str], **changed: Any) -> dict[str, Any]:
    """``spec.verify`` that wants a signature by the root of ``who``."""
    ca = {"type": "ca", "name": "acme", "data": who.root.pem.decode()}
    given = {"trustStores": [ca, *stores], "trustedIdentities": [IDENTITY], "revocation": "Skip", **changed}
    return {"authorities": [{"name": "release", "notation": given}]}


MakePolicy = Callable[[Scenario, str, dict[str, Any]], None]


@pytest.fixture
def make_policy(scenario: Scenario) -> Iterator[MakePolicy]:
    """Make a TrustPolicy for the repository of a scenario; it is gone after the test."""
    made: list[str] = []

    def make(whose: Scenario, name: str, spec: dict[str, Any]) -> None:
        made.append(f"{scenario.namespace}-{name}")
        body = {"match": [{"url": whose.repository.oci}], **spec}
        api = {"apiVersion": "pattern-operator.io/v1alpha1", "kind": "TrustPolicy", "metadata": {"name": made[-1]}}
        scenario.kubectl.apply({**api, "spec": body})

    yield make
    for name in made:
        scenario.kubectl("delete", "trustpolicy", name, "--ignore-not-found")


@KINDS
def test_what_notation_signed_runs_and_status_names_the_signer(
    scenario: Scenario, notation: Notation, alice: notary.Notary, envelope: str
) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    notation.sign(scenario.repository.at(digest), key="alice", envelope=envelope, metadata={"build": "7"}, expiry="1h")

    scenario.want(verify=trusting(alice, userMetadata={"build": "7"}))
    status = scenario.until_runs(digest)

    (signed,) = status["verifiedBy"]
    assert (signed["authority"], signed["format"]) == ("release", "notation")
    assert "CN=signer,O=Notary,ST=WA,C=US" in str(signed)


@KINDS
def test_a_timestamp_of_a_trusted_authority_is_needed_where_the_policy_has_one(
    scenario: Scenario, notation: Notation, alice: notary.Notary, envelope: str
) -> None:
    tsa = Tsa.make(**validity())
    store = {"type": "tsa", "name": "stamps", "data": tsa.root.pem.decode()}
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    with served(stamping(tsa)) as url:
        where = scenario.repository.at(digest)
        notation.sign(where, key="alice", envelope=envelope, tsa=url, tsa_root=tsa.root.pem)

    scenario.want(verify=trusting(alice, store))
    scenario.until_runs(digest)

    other = {**store, "data": Tsa.make(**validity()).root.pem.decode()}
    refused = scenario.another("refused")
    refused.want(verify=trusting(alice, other))
    assert "has a timestamp that" in refused.until_says("Verified", "SignatureUntrusted")["message"]


@KINDS
def test_a_certificate_that_its_issuer_revoked_signs_nothing_any_more(
    scenario: Scenario, notation: Notation, make_policy: MakePolicy, envelope: str
) -> None:
    root = pki.root("C=US,ST=WA,O=Notary,CN=root", **validity())
    revoked: list[pki.Identity] = []

    def listing(_: bytes) -> tuple[str, bytes]:
        return "application/pkix-crl", crl(*revoked, by=root, this=now() - HOUR, until=now() + HOUR)

    with served(listing) as url:
        for name, is_revoked in (("good", False), ("bad", True)):
            extensions = [*CODE_SIGNING, crl_at(f"{url}/{name}")]
            subject = f"C=US,ST=WA,O=Notary,CN={name}"
            who = notary.Notary(root.issue(subject, extensions=extensions, **validity()), (root,))
            know(notation, who, name)
            revoked += [who.leaf] if is_revoked else []
            told = scenario.another(name)
            digest = push(told.repository, name, config_map(f"settings-{name}"))
            notation.sign(told.repository.at(digest), key=name, envelope=envelope)
            make_policy(told, name, trusting(who, revocation="Check"))  # its own would ask public addresses alone
            told.want(ref={"tag": name})
            if is_revoked:
                assert "which was revoked at" in told.until_says("Verified", "SignatureUntrusted")["message"]
            else:
                told.until_runs(digest)


@KINDS
def test_notation_itself_takes_and_refuses_what_our_tests_sign(
    scenario: Scenario, notation: Notation, alice: notary.Notary, envelope: str
) -> None:
    """The signer of the unit tests signs as notation expects it: else their refusals would prove nothing."""
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    manifest = scenario.repository.manifest(digest)
    target = Descriptor(manifest.headers["Content-Type"], Digest.parse(digest), len(manifest.body))
    kind = notary.JWS if envelope == "jws" else notary.COSE
    payload = json.dumps({"targetArtifact": notary.descriptor(target)}).encode()
    signed = alice.sign(kind, payload=payload, signing_time=now() - timedelta(minutes=1), expiry=now() + HOUR)
    scenario.repository.push(None, [(kind, signed)], artifact_type=NOTATION, subject=digest)

    notation.verify(scenario.repository.at(digest), root=alice.root.pem)
    scenario.want(verify=trusting(alice))
    scenario.until_runs(digest)

    with pytest.raises(NotationFailed):
        notation.verify(scenario.repository.at(digest), root=signer().root.pem)
