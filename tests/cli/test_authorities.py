"""$SSL_CERT_FILE, which docs/private-registry.md names: the authorities that a registry's certificate may come from."""

import asyncio

from tests.source.tls import serving_https


async def test_an_authority_of_ones_own_is_named_by_a_variable(patternctl, tmp_path):
    async with serving_https(tmp_path, location="https://127.0.0.1:1/") as (address, trusted):
        refused = await asyncio.to_thread(patternctl, "render", f"oci://{address}/web:1.0.0")
        patternctl.variables.update(SSL_CERT_FILE=str(trusted))
        reached = await asyncio.to_thread(patternctl, "render", f"oci://{address}/web:1.0.0")

    assert refused.err.startswith("patternctl: TLSFailed: ")
    assert refused.err.endswith("  $SSL_CERT_FILE names a file with the certificate authorities to trust\n")
    assert "TLSFailed" not in reached.err
    assert reached.code == 1
