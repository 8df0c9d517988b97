"""What is said of components that were refused agrees with what is printed."""

import pytest

from pattern_operator.api.report import ComponentReport, Outcome, Rendering
from pattern_operator.cli.rendered import Printed


@pytest.mark.parametrize(
    ("of", "words"),
    [("Helm", "nothing is printed"), ("Kustomize", "nothing is printed"), ("Manifests", "what is printed lacks them")],
)
def test_the_sentence_on_what_was_refused_says_what_is_printed(of: str, words: str):
    refused = ComponentReport(id="a", name="a", kind="Job", outcome=Outcome.REFUSED)

    [said] = Printed(Rendering(objects=(), components=(refused,), format=of), {}).complaints()

    assert said.splitlines()[0] == f"1 of 1 components were refused; {words}:"
