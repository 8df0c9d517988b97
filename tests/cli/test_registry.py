"""What on the command line is a reference, and what is a path."""

import pytest

from pattern_operator.cli import registry

DIGEST = f"sha256:{'0a' * 32}"


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("oci://registry.example/web:1.0", True),
        ("oci://nonsense", True),
        ("registry.example/web:1.0", True),
        (f"registry.example/web@{DIGEST}", True),
        (f"localhost:5000/web:1.0@{DIGEST}", True),
        ("localhost:5000/web", False),
        ("registry.example/web", False),
        ("manifests/design.yml", False),
        ("./manifests/design.yml:1", False),
        ("../web:1.0", False),
        ("/srv/web:1.0", False),
        ("design.yml", False),
        ("web:1.0", False),
        ("registry.example/web@1.0", False),
        (f"web@{DIGEST}", False),
        ("", False),
    ],
)
def test_without_the_scheme_a_tag_or_digest_makes_a_reference(text, reference):
    assert registry.is_reference(text) is reference
