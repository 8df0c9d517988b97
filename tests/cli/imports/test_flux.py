"""The verify block of a Flux OCIRepository becomes a TrustPolicy that trusts nobody else."""

import json

import pytest
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
    secrets = {("Secret", "keys"): {"a.pub": KEY.encode(), "b.pub": KEY.encode(), "cosign.key": b"secret"}}

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


def test_notation_is_read_from_its_secret():
    pem = root().pem
    identity = "x509.subject: C=US, ST=WA, O=acme"
    statement = {
        "name": "acme",
        "registryScopes": ["*"],
        "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:acme"],
        "trustedIdentities": [identity],
    }
    document = json.dumps({"version": "1.0", "trustPolicies": [statement]}).encode()
    secrets = {("Secret", "notation"): {"trustpolicy.json": document, "acme.pem": pem}}

    carried = flux.convert(repository(provider="notation", secretRef={"name": "notation"}), secrets)

    (authority,) = spec_of(carried)["authorities"]
    assert authority["notation"]["trustStores"] == [{"type": "ca", "name": "acme", "data": pem.decode()}]
    assert authority["notation"]["trustedIdentities"] == [identity]
    assert spec_of(carried)["match"] == [{"url": "oci://registry.example/patterns/web"}]
