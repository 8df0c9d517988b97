"""Policies in files: TrustPolicies and DesignPatterns, with the Secrets and ConfigMaps that they name.

A reference is looked up in the files that were given, whatever the namespace: a file is what somebody means to apply.
Two objects of one kind and name that differ are refused.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from pattern_operator.api import designpattern, trust_policy
from pattern_operator.api.authority_material import Entry, needed, trusted_authority
from pattern_operator.api.authority_spec import Authority
from pattern_operator.api.duration import parse_duration
from pattern_operator.api.fields import ObjectMeta, mapping_at, text_at
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Repository
from pattern_operator.api.requirements_spec import Requirements
from pattern_operator.api.verification import (
    OWN_POLICY,
    PolicyMode,
    PolicySource,
    Requirement,
    TrustedAuthority,
)
from pattern_operator.cli.values_from_files import base64_value
from pattern_operator.errors import Stalled
from pattern_operator.limits import MIB
from pattern_operator.quote import one_line, quoted
from pattern_operator.render.invalid_yaml import InvalidYaml
from pattern_operator.render.yamlstream import load_all
from pattern_operator.verify.url_match import InvalidGlob, UrlGlob

MAX_FILE: Final = 4 * MIB  # a TrustPolicy has some KiB, etcd takes 1.5 MiB of one
_MATERIAL: Final = frozenset({"Secret", "ConfigMap"})


@dataclass(frozen=True, slots=True)
class PolicyFiles:
    """What the files have; ``patterns`` are names of DesignPatterns, and what they require; ``skipped`` is neither."""

    policies: tuple[trust_policy.TrustPolicy, ...] = ()
    patterns: tuple[tuple[str, Requirements], ...] = ()
    material: Mapping[tuple[str, str], Mapping[str, bytes]] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()

    def requirements(self, repository: Repository) -> tuple[Requirement, ...]:
        """What they require of ``repository``: each TrustPolicy that covers it, and each ``spec.verify``.

        Selectors of namespaces are taken to select: whose DesignPattern it is, is not known.

        Raises:
            Stalled: SECRET_NOT_FOUND, POLICY_INVALID, INVALID_SPEC: a policy cannot be used.
        """
        found = [self._requirement(each, OWN_POLICY, of=f"DesignPattern {name}") for name, each in self.patterns]
        for policy in self.policies:
            if any(UrlGlob.parse(each.url).matches(repository) for each in policy.spec.match):
                source = PolicySource(name=policy.metadata.name, mode=PolicyMode(policy.spec.mode))
                found.append(self._requirement(policy.spec, source, of=str(source)))
        return tuple(found)

    def _requirement(self, spec: Requirements, source: PolicySource, *, of: str) -> Requirement:
        try:
            max_age = None if spec.max_age is None else parse_duration(spec.max_age)
            authorities = tuple(self._authority(each, of=of) for each in spec.authorities)
        except ValueError as error:
            raise Stalled(reason=Reason.INVALID_SPEC, message=f"{of}: {error}: correct it.") from error
        return Requirement(
            source=source,
            authorities=authorities,
            threshold=spec.threshold,
            repository=spec.repository,
            max_age=max_age,
        )

    def _authority(self, spec: Authority, *, of: str) -> TrustedAuthority:
        contents: dict[str, bytes] = {}
        for each in needed(spec):
            if isinstance(each.source, Entry):
                contents[each.field] = self._entry(each.source, of=f"{of}: {each.field}")
            else:
                contents[each.field] = each.source.encode()
        return trusted_authority(spec, contents)

    def _entry(self, entry: Entry, *, of: str) -> bytes:
        kind = "Secret" if entry.is_secret else "ConfigMap"
        data = self.material.get((kind, entry.name))
        if data is None:
            raise Stalled(
                reason=Reason.SECRET_NOT_FOUND,
                message=f"{of} names the {kind} {entry.name}, which is not in the files: give its file as another"
                " --policy.",
            )
        if entry.key not in data:
            raise Stalled(
                reason=Reason.POLICY_INVALID,
                message=f"{of}: the {kind} {entry.name} has no entry {entry.key}: correct the one or the other.",
            )
        return data[entry.key]


def read_policies(names: Iterable[str]) -> PolicyFiles:
    """Read the policies of files.

    Raises:
        Stalled: POLICY_INVALID: a file cannot be read, or has no policy; the message names it.
    """
    policies: dict[str, trust_policy.TrustPolicy] = {}
    patterns: list[tuple[str, Requirements]] = []
    material: dict[tuple[str, str], Mapping[str, bytes]] = {}
    skipped: list[str] = []
    for name in names:
        for body in _documents(name):
            kind = text_at(body, "kind")
            try:
                if kind == "TrustPolicy":
                    policy = _checked(trust_policy.decode(body))
                    if policies.setdefault(policy.metadata.name, policy) != policy:
                        raise invalid(name, f"has another TrustPolicy {policy.metadata.name} than was given before")
                elif kind == "DesignPattern":
                    pattern = designpattern.decode(body)
                    if pattern.spec.verify is not None:
                        patterns.append((one_line(pattern.metadata.name), pattern.spec.verify))
                elif kind in _MATERIAL:
                    named = ObjectMeta.of(body).name
                    data = _data(body)
                    if material.setdefault((kind, named), data) != data:  # whose key counts must not be chance
                        raise invalid(name, f"has another {kind} {one_line(named)} than was given before")
                else:
                    skipped.append(f"{one_line(kind) or 'a document without kind'} in {one_line(name)}")
            except (msgspec.ValidationError, InvalidGlob) as error:
                raise invalid(name, f"has a {kind} that is wrong: {one_line(str(error))}") from error
    return PolicyFiles(tuple(policies.values()), tuple(patterns), material, tuple(skipped))


def secrets_in(bodies: Iterable[Mapping[str, Any]]) -> Mapping[tuple[str, str, str], Mapping[str, bytes]]:
    """What the Secrets and ConfigMaps among ``bodies`` have, by kind, namespace and name."""
    return {
        (kind, meta.namespace, meta.name): _data(body)
        for body in bodies
        for kind, meta in [(text_at(body, "kind"), ObjectMeta.of(dict(body)))]
        if kind in _MATERIAL
    }


def read_text(name: str) -> str:
    """The text of a file; raises Stalled POLICY_INVALID where it cannot be read."""
    try:
        with Path(name).open("rb") as file:
            content = file.read(MAX_FILE + 1)
    except OSError as error:
        raise Stalled(
            reason=Reason.POLICY_INVALID, message=f"{one_line(name)} cannot be read ({error.strerror}): name its file."
        ) from error
    if len(content) > MAX_FILE:
        raise invalid(name, f"has more than {MAX_FILE} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise invalid(name, "is not text in UTF-8") from error


def documents_of(name: str, text: str) -> Iterator[dict[str, Any]]:
    """The objects of a file of YAML or JSON; of a ``List`` its items."""
    try:
        loaded = [value for _, value in load_all(text)]
    except InvalidYaml as error:
        raise invalid(name, f"is not YAML: line {error.line}: {error}") from error
    for each in loaded:
        items = each.get("items") if isinstance(each, dict) and text_at(each, "kind").endswith("List") else None
        for body in items if isinstance(items, list) else [each]:
            if not isinstance(body, dict):
                raise invalid(name, "has a document that is not an object")
            yield body


def invalid(name: str, why: str) -> Stalled:
    """The error for a file of policies; ``why`` is a clause after its name."""
    return Stalled(reason=Reason.POLICY_INVALID, message=f"{one_line(name)} {why}: correct it.")


def _documents(name: str) -> Iterator[dict[str, Any]]:
    return documents_of(name, read_text(name))


def _checked(policy: trust_policy.TrustPolicy) -> trust_policy.TrustPolicy:
    """Refuse a glob that the API server would refuse."""
    for each in policy.spec.match:
        UrlGlob.parse(each.url)
    return policy


def _data(body: Mapping[str, Any]) -> Mapping[str, bytes]:
    """What a Secret or ConfigMap has, by entry; what is not text is left out."""
    encoded = mapping_at(body, "binaryData") if text_at(body, "kind") == "ConfigMap" else mapping_at(body, "data")
    plain = mapping_at(body, "data") if text_at(body, "kind") == "ConfigMap" else mapping_at(body, "stringData")
    found: dict[str, bytes] = {}
    for name, value in encoded.items():
        try:
            found[name] = base64_value(value)
        except ValueError as error:
            where = f"{text_at(body, 'kind')} {ObjectMeta.of(body).name}"
            why = f"{one_line(where)} has an entry {quoted(name)} that is not base64: correct it."
            raise Stalled(reason=Reason.POLICY_INVALID, message=why) from error
    return found | {name: text_at(plain, name).encode() for name, value in plain.items() if isinstance(value, str)}
