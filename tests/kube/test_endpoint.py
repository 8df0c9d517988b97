"""How an API server is trusted."""

import ssl

import pytest

from pattern_operator.kube.endpoint import tls_context


def test_certificates_that_managed_clusters_have_served_for_years_are_not_read_strictly(
    monkeypatch: pytest.MonkeyPatch,
):
    """Since Python 3.13 a context does, unless it is told not to."""
    made = ssl.create_default_context()
    made.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_TRUSTED_FIRST
    monkeypatch.setattr(ssl, "create_default_context", lambda **_: made)

    context = tls_context(ca=None)

    assert not context.verify_flags & ssl.VERIFY_X509_STRICT
    assert context.verify_flags & ssl.VERIFY_X509_TRUSTED_FIRST
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
