from pathlib import Path

import pytest

from pattern_operator.reconcile import Tenancy
from pattern_operator.settings import Settings


@pytest.mark.parametrize(
    ("tenancy", "flags"),
    [
        (
            Tenancy(),
            "--concurrency=1 --registry-network=Any --require-service-account=false --default-service-account=(none)"
            " --no-cross-namespace=false --unsigned=Allow",
        ),
        (
            Tenancy(require_service_account=True, default_service_account="deployer", cross_namespace=False),
            "--concurrency=1 --registry-network=Any --require-service-account=true --default-service-account=deployer"
            " --no-cross-namespace=true --unsigned=Allow",
        ),
    ],
)
def test_the_rules_in_force_are_said_as_the_flags_that_set_them(tenancy: Tenancy, flags: str, tmp_path: Path):
    settings = Settings(
        kubeconfig=None,
        context=None,
        lease_namespace=None,
        cache_directory=tmp_path,
        cache_size=0,
        metrics=("", 0),
        concurrency=1,
        tenancy=tenancy,
    )

    assert settings.flags == flags
