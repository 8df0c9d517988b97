"""The image has the programs that the tests ran: the same modules, the same versions, the same names in them."""

from tests.testbed.binaries import PROGRAMS
from tests.testbed.paths import ROOT


def test_the_image_builds_helm_and_kustomize_as_the_testbed_does():
    dockerfile = (ROOT / "Dockerfile").read_text()
    ignored = (ROOT / ".dockerignore").read_text()

    for program in PROGRAMS:
        if program.name in ("helm", "kustomize"):
            assert f'-ldflags "{program.ldflags}" {program.package}\n' in dockerfile
            assert f"COPY tests/testbed/programs/{program.name} {program.name}\n" in dockerfile
            assert f"!tests/testbed/programs/{program.name}\n" in ignored
