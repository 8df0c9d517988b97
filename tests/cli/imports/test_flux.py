"""The verify block of a Flux OCIRepository becomes a TrustPolicy that trusts nobody else."""

import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tests.verify.pki import root

from pattern_operator.cli.imports import flux
from pattern_operator.cli.imports.carried import whole

KEY = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"


def repository(**verify):
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "OCIRepository",
        "metadata": {"name": "web", "namespace": "flux-system"},
        "spec": {"url": "oci://registry.example/patterns/web", "verify": {"provider": "cosign", **verify}},
    }


def spec_of(carried):
    (draft,) = carried.policies
    return draft.body["spec"]


def test_each_key_of_the_secret_is_an_authority():
    secrets = {
        ("Secret", "flux-system", "keys"): {"a.pub": KEY.encode(), "b.pub": KEY.encode(), "cosign.key": b"secret"}
    }

    carried = flux.convert(repository(secretRef={"name": "keys"}), secrets)

    assert carried.lost == ()
    assert spec_of(carried) == {
        "match": [{"url": "oci://registry.example/patterns/web"}],
        "authorities": [{"name": "a", "key": {"data": KEY}}, {"name": "b", "key": {"data": KEY}}],
    }


def test_a_secret_that_is_not_at_hand_is_named():
    carried = flux.convert(repository(secretRef={"name": "keys"}), {})

    assert spec_of(carried)["authorities"] == [{"name": "keys", "key": {"secretRef": {"name": "keys"}}}]
    assert "the Secret keys of the OCIRepository 'web' is not in the files" in carried.lost[0]


def test_identities_are_expressions_that_match_the_whole():
    identity = {"issuer": "^https://issuer.example$", "subject": "^https://git.example/org/"}

    carried = flux.convert(repository(matchOIDCIdentity=[identity]), {})

    assert carried.lost == ()
    (authority,) = spec_of(carried)["authorities"]
    assert authority["keyless"]["identities"] == [
        {"issuerRegExp": "(?:^https://issuer.example$)", "subjectRegExp": "(?:^https://git.example/org/).*"}
    ]


@pytest.mark.parametrize(
    ("pattern", "becomes"),
    [("^a$", "(?:^a$)"), ("a", ".*(?:a).*"), ("^a", "(?:^a).*"), ("a$", ".*(?:a$)"), ("^a\\$", "(?:^a\\$).*")],
)
def test_an_expression_that_is_searched_for_matches_the_whole_of_what_it_is_found_in(pattern, becomes):
    assert whole(pattern) == becomes


@pytest.mark.parametrize(
    "verify",
    [
        {},
        {"matchOIDCIdentity": [{"issuer": "x", "subject": ""}]},
        {"matchOIDCIdentity": []},
        {"provider": "other"},
        {"secretRef": {"name": "keys"}, "trustedRootSecretRef": {"name": "root"}},
    ],
    ids=["nobody", "anybody", "no identity", "another tool", "another root"],
)
def test_what_would_trust_more_becomes_no_policy(verify):
    carried = flux.convert(repository(**verify), {})

    assert carried.policies == ()
    assert carried.lost != ()


@pytest.mark.parametrize(
    ("places", "is_found"),
    [
        (("flux-system", "other"), True),
        (("",), True),
        (("other",), False),
        (("", "other"), True),
    ],
    ids=["in its namespace", "without one", "in another", "without one, and in another"],
)
def test_a_secret_of_another_namespace_is_not_the_one_that_is_named(places, is_found):
    right = {"right.pub": KEY.encode()}
    wrong = {"wrong.pub": KEY.encode()}
    secrets = {("Secret", each, "keys"): wrong if each == "other" else right for each in places}

    carried = flux.convert(repository(secretRef={"name": "keys"}), secrets)

    assert spec_of(carried)["authorities"][0]["name"] == ("right" if is_found else "keys")
    assert bool(carried.lost) is not is_found


def test_an_oci_repository_that_flux_does_not_verify_is_named():
    body = repository()
    del body["spec"]["verify"]

    carried = flux.convert(body, {})

    assert carried.policies == ()
    assert carried.lost == (
        "the OCIRepository 'web' has no spec.verify, so that Flux requires nothing of it: nothing was written of it",
    )


PEM = root().pem
OTHER = root("C=US,ST=WA,O=other,CN=root").pem
HERE = "registry.example/patterns/web"
ACME = "x509.subject: C=US, ST=WA, O=acme"


def statement(name, *scopes, stores=("ca:acme",)):
    return {
        "name": name,
        "registryScopes": list(scopes),
        "signatureVerification": {"level": "strict"},
        "trustStores": list(stores),
        "trustedIdentities": [ACME],
    }


def notation_of(*statements, **certificates):
    document = json.dumps({"version": "1.0", "trustPolicies": list(statements)}).encode()
    entries = {name.replace("_", "."): content for name, content in certificates.items()}
    secrets = {("Secret", "flux-system", "notation"): {"trustpolicy.json": document, **entries}}
    return flux.convert(repository(provider="notation", secretRef={"name": "notation"}), secrets)


def test_notation_is_read_from_its_secret():
    carried = notation_of(statement("acme", "*"), acme_pem=PEM)

    (authority,) = spec_of(carried)["authorities"]
    assert carried.lost == ()
    assert authority["notation"]["trustStores"] == [{"type": "ca", "name": "acme", "data": PEM.decode()}]
    assert authority["notation"]["trustedIdentities"] == [ACME]
    assert spec_of(carried)["match"] == [{"url": f"oci://{HERE}"}]


@pytest.mark.parametrize(
    "statements",
    [
        (statement("other", "registry.example/patterns/other"), statement("right", HERE)),
        (statement("every", "*"), statement("right", HERE)),
        (statement("other", "registry.example/patterns/other"), statement("right", "*")),
        (statement("other", f"{HERE}/below"), statement("right", HERE, "registry.example/more")),
    ],
    ids=["of another", "everywhere, and of it", "of another, and everywhere", "of one below"],
)
@pytest.mark.parametrize("ordered", [list, reversed])
def test_the_statement_of_notation_is_the_one_that_is_for_the_repository(statements, ordered):
    carried = notation_of(*ordered(statements), acme_crt=PEM)

    assert [each.name for each in carried.policies] == ["web-right"]
    assert spec_of(carried)["match"] == [{"url": f"oci://{HERE}"}]
    assert carried.lost == ()


@pytest.mark.parametrize(
    ("statements", "has"),
    [
        ([], "no trust policy"),
        ([statement("other", "registry.example/patterns/other")], "no trust policy"),
        ([statement("a", HERE), statement("b", HERE, "x.example/y")], "2 trust policies ('a', 'b')"),
        ([statement("a", "*"), statement("b", "*")], "2 trust policies ('a', 'b')"),
    ],
)
def test_where_no_statement_of_notation_is_the_one_nothing_is_written(statements, has):
    carried = notation_of(*statements, acme_crt=PEM)

    assert carried.policies == ()
    assert carried.lost == (
        f"the Secret notation of the OCIRepository 'web' has {has} for {HERE}: nothing was written of it",
    )


def test_of_a_repository_that_is_none_no_statement_of_notation_is_chosen():
    body = repository(provider="notation", secretRef={"name": "notation"})
    body["spec"]["url"] = "https://registry.example/patterns/web"
    document = json.dumps({"trustPolicies": [statement("acme", "*")]}).encode()

    carried = flux.convert(
        body, {("Secret", "flux-system", "notation"): {"trustpolicy.json": document, "acme.pem": PEM}}
    )

    assert carried.policies == ()
    assert "has a url that is no repository" in carried.lost[0]


def test_a_trust_store_is_the_entry_of_its_name_else_all_certificates_as_in_flux():
    der = x509.load_pem_x509_certificate(OTHER).public_bytes(Encoding.DER)

    named = notation_of(statement("a", "*"), acme_crt=PEM, other_crt=OTHER)
    every = notation_of(statement("a", "*", stores=("ca:unheard",)), acme_crt=PEM, other_crt=der)

    assert store_of(named) == {"type": "ca", "name": "acme", "data": PEM.decode()}
    assert store_of(every) == {"type": "ca", "name": "unheard", "data": (PEM + OTHER).decode()}
    assert (named.lost, every.lost) == ((), ())


def store_of(carried):
    (authority,) = spec_of(carried)["authorities"]
    (store,) = authority["notation"]["trustStores"]
    return store


def test_an_entry_that_is_no_certificate_is_named_and_trusts_nobody():
    carried = notation_of(statement("a", "*"), acme_crt=b"\xff nothing")

    assert carried.policies == ()
    assert carried.lost[0] == "the entry 'acme.crt' of the Secret notation is not a certificate, in PEM or DER"
