"""What the conditions of the stages say of what was done. Pure."""

from collections import Counter
from collections.abc import Sequence

from pattern_operator.api.account import ServiceAccount
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import pluralize
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.api.verification import VerificationResult
from pattern_operator.quote import listed
from pattern_operator.reconcile.conditions import Truth
from pattern_operator.reconcile.readiness import pinned_words
from pattern_operator.reconcile.results import Results
from pattern_operator.render.component_reason import OF_NO_COMPONENT


def fetched_words(pattern: DesignPattern, results: Results) -> str:
    """Layers are pulled once the artifact is verified: until then only its manifest was read."""
    verifies = results.stage is Stage.VERIFY
    found = "found {}, whose content is pulled when it is verified" if verifies else "pulled {}"
    pinned = pinned_words(pattern, results.revision)
    return listed(filter(None, (found.format(results.revision), results.held, pinned)))


def in_whose_name(user: str | None) -> str:
    """By whose rights objects are applied."""
    account = ServiceAccount.of_user(user) if user is not None else None
    if account is not None:
        return f"as ServiceAccount {account.namespace}/{account.name}"
    return "with the operator's own rights" if user is None else f"as {user}"


def verified_words(verification: VerificationResult) -> tuple[Truth, str, str]:
    """Who signed it, and which policies that meets."""
    if not verification.required:
        return "Unknown", Reason.NO_POLICY, Reason.NO_POLICY.description
    names = ", ".join(sorted({each.authority for each in verification.verified_by}))
    met = f", as {_policies(verification.met)} requires" if verification.met else ""
    said = f"verified by {names}{met}" if names else ""
    if verification.warnings:
        warned = listed([*([said] if said else []), *verification.warnings])
        return "True" if said else "False", Reason.POLICY_WARNING, warned
    return "True", Reason.SUCCEEDED, said


def _policies(names: Sequence[str]) -> str:
    return f"TrustPolicy {names[0]}" if len(names) == 1 else f"each of TrustPolicies {', '.join(names)}"


def rendering_words(rendering: Rendering) -> str:
    """How many objects there are, and what became of the components."""
    counts = Counter(each.outcome for each in rendering.components if each.reason not in OF_NO_COMPONENT)
    said = [f"{pluralize(count, 'component')} {outcome}" for outcome in Outcome if (count := counts[outcome])]
    return f"{pluralize(len(rendering.objects))} of {rendering.format}: {', '.join(said) or 'it has no components'}"


def applied_words(results: Results, applied: str) -> tuple[Truth, str, str]:
    """Unknown while something that left is still there: not all is pruned, and nothing has failed."""
    words = [applied, *results.drifted, *results.notes]
    if results.leaving is not None and results.leaving.message:
        return "Unknown", Reason.PRUNING, listed([applied, results.leaving.message, *words[1:]])
    return "True", Reason.DRIFTED if results.drifted else Reason.SUCCEEDED, listed(words)
