"""A trustpolicy.json and its trust stores become policies; the stricter level is chosen where there is an override."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tests.verify.pki import root

from pattern_operator.api.reference import Repository
from pattern_operator.cli.imports import notation
from pattern_operator.errors import Stalled

PEM = root().pem
STORES = {("ca", "acme"): PEM, ("tsa", "time"): PEM}
WEB = "registry.example/patterns/web"


def statement(name="acme", scopes=(WEB,), **more):
    return {
        "name": name,
        "registryScopes": list(scopes),
        "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:acme", "tsa:time"],
        "trustedIdentities": ["x509.subject: C=US, ST=WA, O=acme"],
        **more,
    }


def convert(*statements, stores=STORES):
    return notation.convert({"version": "1.0", "trustPolicies": list(statements)}, stores)


def spec_of(carried):
    (draft,) = carried.policies
    return draft.body["spec"]


def test_a_statement_is_a_policy():
    level = {"level": "permissive", "verifyTimestamp": "afterCertExpiry"}

    carried = convert(statement("Acme Images", signatureVerification=level))

    assert carried.lost == ()
    assert carried.policies[0].name == "acme-images"
    assert spec_of(carried) == {
        "match": [{"url": f"oci://{WEB}"}],
        "authorities": [
            {
                "name": "acme-images",
                "notation": {
                    "trustStores": [
                        {"type": "ca", "name": "acme", "data": PEM.decode()},
                        {"type": "tsa", "name": "time", "data": PEM.decode()},
                    ],
                    "trustedIdentities": ["x509.subject: C=US, ST=WA, O=acme"],
                    "level": "permissive",
                    "verifyTimestamp": "afterCertExpiry",
                },
            }
        ],
    }


@pytest.mark.parametrize(
    ("level", "override", "becomes"),
    [
        ("strict", {"expiry": "log"}, "strict"),
        ("permissive", {"revocation": "enforce"}, "strict"),
        ("permissive", {"revocation": "skip"}, "permissive"),
        ("audit", {"authenticity": "enforce"}, "strict"),
    ],
)
def test_an_override_is_named_and_never_makes_a_policy_weaker(level, override, becomes):
    carried = convert(statement(signatureVerification={"level": level, "override": override}))

    assert spec_of(carried)["authorities"][0]["notation"]["level"] == becomes
    assert f"what is written is {becomes}" in carried.lost[0]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"signatureVerification": {"level": "skip"}}, "checks nothing: nothing was written of it"),
        ({"signatureVerification": {"level": "stric"}}, "does not exist"),
        ({"signatureVerification": None}, "does not exist"),
        ({"trustStores": ["tsa:time"]}, "has no certificates that may sign"),
        ({"trustStores": ["ca:gone"]}, "names the trust store 'ca:gone', of which there are no certificates"),
        ({"registryScopes": []}, "names no registryScopes"),
        ({"trustedIdentities": []}, "cannot be said here"),
        ({"registryScopes": ["registry.example/Web"]}, "cannot be said here"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_would_check_nothing_becomes_no_policy(more, says):
    carried = convert(statement(**more))

    assert carried.policies == ()
    assert says in " ".join(carried.lost)


def test_that_a_policy_for_everything_else_becomes_one_for_everything_is_named():
    carried = convert(statement(), statement("rest", scopes=["*"]))

    assert [draft.match for draft in carried.policies] == [[{"url": f"oci://{WEB}"}], [{"url": "oci://**"}]]
    assert carried.lost == ("the trust policy 'rest' is for what no other covers; here it has to be met there, too",)


@pytest.fixture
def folder(tmp_path):
    store = tmp_path / "truststore" / "x509" / "ca" / "acme"
    store.mkdir(parents=True)
    (store / "a.pem").write_bytes(PEM)
    (store / "b.crt").write_bytes(x509.load_pem_x509_certificate(PEM).public_bytes(Encoding.DER))
    return tmp_path


def test_trust_stores_are_read_as_notation_keeps_them_in_pem_and_der(folder):
    stores = notation.read_stores(folder / "truststore")

    assert list(stores) == [("ca", "acme")]
    assert x509.load_pem_x509_certificates(stores["ca", "acme"]) == [x509.load_pem_x509_certificate(PEM)] * 2


def test_a_file_in_a_trust_store_that_is_no_certificate_is_an_error(folder):
    (folder / "truststore" / "x509" / "ca" / "acme" / "c.pem").write_text("no certificate")

    with pytest.raises(Stalled, match="is not a certificate, in PEM or DER"):
        notation.read_stores(folder / "truststore")


def written(folder, *statements):
    import json

    path = folder / "trustpolicy.json"
    path.write_text(json.dumps({"version": "1.0", "trustPolicies": list(statements)}))
    return path


def test_of_an_artifact_the_exact_scope_decides_and_else_the_one_for_everything(folder):
    stores = {"trustStores": ["ca:acme"]}
    path = written(folder, statement("rest", scopes=["*"], **stores), statement("web", **stores))

    def name(repository):
        return [each.name for each in notation.authorities_for(path, Repository.parse(f"oci://{repository}"))]

    assert name(WEB) == ["web"]
    assert name(f"{WEB}/more") == ["rest"]


def test_of_two_policies_for_one_scope_none_is_chosen(folder):
    path = written(folder, statement(trustStores=["ca:acme"]), statement("second", trustStores=["ca:acme"]))

    with pytest.raises(Stalled, match=r"has 2 trust policies \('acme', 'second'\) for registry"):
        notation.authorities_for(path, Repository.parse(f"oci://{WEB}"))


def test_without_a_scope_that_fits_nobody_is_trusted(folder):
    path = written(folder, statement(trustStores=["ca:acme"]))

    with pytest.raises(Stalled, match=r"has no trust policy for registry\.example/other"):
        notation.authorities_for(path, Repository.parse("oci://registry.example/other"))


def test_a_level_that_checks_nothing_is_an_error_and_not_trust(folder):
    path = written(folder, statement(signatureVerification={"level": "skip"}))

    with pytest.raises(Stalled, match="cannot be used: the trust policy 'acme' has the level skip"):
        notation.authorities_for(path, Repository.parse(f"oci://{WEB}"))
