"""The spec as values of the stages: a reference, a verification policy, options of rendering. No effects but
reading the Secrets and ConfigMaps that the spec names."""

import hashlib
from datetime import timedelta

from pattern_operator import limits
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.duration import parse_duration
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, InvalidReference, Reference, Repository, Revision
from pattern_operator.api.spec import Authority, Layer, Source
from pattern_operator.api.verification import TrustedKey, VerificationPolicy
from pattern_operator.errors import Stalled
from pattern_operator.kube.wellknown import CONFIG_MAP, SECRET
from pattern_operator.reconcile.login import DOCKER_CONFIG
from pattern_operator.reconcile.memory import Wanted
from pattern_operator.reconcile.patterns import key_of
from pattern_operator.reconcile.referents import Referents
from pattern_operator.render import Options
from pattern_operator.source import Credentials, LayerSelector, PullSecretReader, Scheme


def reference(pattern: DesignPattern) -> Reference:
    """The reference of ``spec.source``; raises Stalled where the CRD's rules did not catch that it is none."""
    ref = pattern.spec.source.ref
    try:
        return Reference(
            Repository.parse(pattern.spec.source.url),
            tag=ref.tag,
            digest=Digest.parse(ref.digest) if ref.digest else None,
            semver=ref.semver,
            semver_filter=ref.semver_filter,
        )
    except InvalidReference as error:
        raise Stalled(reason=Reason.INVALID_REFERENCE, message=f"spec.source: {error}") from error


def span(text: str, *, field: str) -> timedelta:
    """A duration of the spec; raises Stalled where the CRD's rules did not catch that it is none."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise Stalled(reason=Reason.INVALID_SPEC, message=f"spec.{field}: {error}") from error


def goal(pattern: DesignPattern, revision: Revision, policy: VerificationPolicy) -> Wanted:
    """All that decides what is applied: not how often to look, nor for how long to wait."""
    return Wanted(
        repository=reference(pattern).repository,
        revision=revision,
        layer=pattern.spec.source.layer,
        policy=policy,
        render=pattern.spec.render,
        apply=pattern.spec.apply,
    )


def layer(spec: Layer | None) -> LayerSelector:
    """Which layer is to be used, and where in it."""
    return LayerSelector(media_type=spec.media_type if spec else None, path=spec.path if spec else None)


def options(pattern: DesignPattern, goal: Wanted) -> Options:
    """How to render; what names no namespace goes to the pattern's own."""
    return Options(
        format=goal.render.format,
        path=goal.layer.path if goal.layer else None,
        default_namespace=pattern.metadata.namespace,
        target_namespace=goal.render.target_namespace,
        create_namespace=goal.apply.create_namespace,
    )


def scheme_of(source: Source) -> Scheme:
    """What is spoken to the registry."""
    return "http" if source.insecure else "https"


async def credentials(
    pattern: DesignPattern, repository: Repository, *, referents: Referents, configs: PullSecretReader
) -> Credentials | None:
    """The credentials for ``repository``, where the spec names a Secret.

    Raises:
        Stalled: the Secret is missing, or holds no docker config.
        Transient: it could not be read.
    """
    ref = pattern.spec.source.secret_ref
    if ref is None:
        return None
    namespace = pattern.metadata.namespace
    data = await referents.read(SECRET, namespace=namespace, name=ref.name, reader=key_of(pattern))
    where = f"Secret {namespace}/{ref.name}"
    if DOCKER_CONFIG not in data:
        raise Stalled(
            reason=Reason.SECRET_INVALID,
            message=f"{where} has no entry {DOCKER_CONFIG}: create it with"
            f" `kubectl create secret docker-registry {ref.name} -n {namespace} --docker-server=... `.",
        )
    scheme = scheme_of(pattern.spec.source)
    return await configs.read(data[DOCKER_CONFIG], where=where, repository=repository, scheme=scheme, tenant=namespace)


async def policy(pattern: DesignPattern, *, referents: Referents) -> VerificationPolicy:
    """Whose signatures are required, with their keys.

    Raises:
        Stalled: a Secret or ConfigMap is missing, or has no such entry.
        Transient: it could not be read.
    """
    if pattern.spec.verify is None:
        return VerificationPolicy()
    found = [await _authority(spec, pattern, referents) for spec in pattern.spec.verify.authorities]
    return VerificationPolicy(authorities=tuple(found))


async def _authority(spec: Authority, pattern: DesignPattern, referents: Referents) -> TrustedKey:
    if spec.key.data is not None:
        pem = spec.key.data.encode()
        return TrustedKey(name=spec.name or f"key {hashlib.sha256(pem).hexdigest()[:12]}", key=pem)
    named = (SECRET, spec.key.secret_ref) if spec.key.secret_ref else (CONFIG_MAP, spec.key.config_map_ref)
    resource, ref = named
    if ref is None:
        raise Stalled(
            reason=Reason.INVALID_SPEC,
            message="spec.verify.authorities[].key needs exactly one of data, secretRef or configMapRef",
        )
    namespace = pattern.metadata.namespace
    data = await referents.read(resource, namespace=namespace, name=ref.name, reader=key_of(pattern))
    if ref.key not in data:
        raise Stalled(
            reason=Reason.SECRET_INVALID,
            message=f"{resource.kind} {namespace}/{ref.name} has no entry {ref.key}: add the public key under that"
            " name, or correct spec.verify.authorities[].key.",
        )
    # What is too long for a key is refused by its length, and remembered with the pattern: so no more of it is taken.
    return TrustedKey(name=spec.name or ref.name, key=data[ref.key][: limits.MAX_PUBLIC_KEY + 1])
