"""What OpenSSL stamps is verified: a TSA that has nothing to do with the one of these tests."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.verify import pki
from tests.verify.pki import TIME_STAMPING

from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.timestamp import Encoding as TimestampEncoding
from pattern_operator.verify.timestamp import Timestamp, verify_timestamp

MESSAGE = b"a signature"
CONFIGURATION = """\
[tsa]
default_tsa = ours
[ours]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
certs = {folder}/chain.pem
signer_key = {folder}/tsa.key
signer_digest = {digest}
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1, millisecs:500, microsecs:100
clock_precision_digits = {digits}
ordering = {flag}
tsa_name = {flag}
ess_cert_id_chain = {flag}
ess_cert_id_alg = {digest}
"""


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP384R1()), pki.rsa_key(3072)], ids=["EC", "RSA"])
@pytest.mark.parametrize("digest", ["sha256", "sha512"])
@pytest.mark.parametrize("flag", ["yes", "no"])
def test_a_timestamp_of_openssl_is_verified(tmp_path: Path, key, digest: str, flag: str) -> None:
    now = datetime.now(UTC)
    valid = {"not_before": now - timedelta(days=1), "not_after": now + timedelta(days=1)}
    root = pki.root("CN=root", **valid)
    between = pki.intermediate(root, "CN=between", **valid)
    tsa = between.issue("CN=TSA", key=key, extensions=TIME_STAMPING, **valid)
    (tmp_path / "tsa.pem").write_bytes(tsa.pem)
    (tmp_path / "chain.pem").write_bytes(between.pem)
    (tmp_path / "tsa.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "serial").write_text("01")
    (tmp_path / "message").write_bytes(MESSAGE)
    configuration = tmp_path / "tsa.cnf"
    digits = 3 if flag == "yes" else 0
    configuration.write_text(CONFIGURATION.format(folder=tmp_path, digest=digest, flag=flag, digits=digits))

    query, reply = tmp_path / "query", tmp_path / "reply"
    asking: list[str | Path] = ["-query", "-data", tmp_path / "message", f"-{digest}", "-cert", "-out", query]
    answering: list[str | Path] = ["-reply", "-config", configuration, "-queryfile", query, "-out", reply]
    for arguments in (asking, answering):
        subprocess.run(["openssl", "ts", *arguments], check=True, capture_output=True)

    roots = [root.certificate]
    found = verify_timestamp(reply.read_bytes(), MESSAGE, encoding=TimestampEncoding.RESPONSE, roots=roots)

    assert isinstance(found, Timestamp), found
    assert (found.accuracy, len(found.chain)) == (timedelta(seconds=1, microseconds=500_100), 3)
    assert abs(found.time - now) < timedelta(hours=1)
    other = verify_timestamp(reply.read_bytes(), b"other", encoding=TimestampEncoding.RESPONSE, roots=roots)
    assert isinstance(other, Rejection)
