"""What is said of components that were refused agrees with what is printed."""

import pytest

from pattern_operator.api.report import ComponentReport, Outcome, Rendering
from pattern_operator.cli.rendered import Printed


@pytest.mark.parametrize(
    ("on_invalid", "words"), [("Refuse", "nothing is printed"), ("Skip", "what is printed lacks them")]
)
@pytest.mark.parametrize("of", ["Helm", "Kustomize", "Manifests", "Meshery"])
def test_the_sentence_on_what_was_refused_says_what_is_printed(of: str, on_invalid, words: str):
    refused = ComponentReport(id="a", name="a", kind="Job", outcome=Outcome.REFUSED)

    [said] = Printed(Rendering(objects=(), components=(refused,), format=of), {}, on_invalid).complaints()

    assert said.splitlines()[0] == f"1 of 1 components were refused; {words}:"
    assert ("--on-invalid Skip" in said) is (on_invalid == "Refuse")
