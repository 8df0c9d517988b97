"""The login of a look-up: when the Secret of ``spec.source.secretRef`` is another, the registry is asked once more.

A Secret changes without a change of the pattern, and what it holds is known only when it is read. So a look-up
remembers which version of the Secret a watch had told of, and a digest of the docker config that was used.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.kube.wellknown import SECRET
from pattern_operator.reconcile.config_sources import ConfigSources
from pattern_operator.reconcile.pattern_store import key_of

DOCKER_CONFIG = ".dockerconfigjson"  # the entry of a Secret of type kubernetes.io/dockerconfigjson


@dataclass(frozen=True, slots=True)
class SecretVersion:
    """The Secret that a spec names, empty where it names none, and the version of it that a watch told last."""

    name: str = ""
    version: int = 0


NO_SECRET: Final = SecretVersion()


@dataclass(frozen=True, slots=True)
class Login:
    """What a registry was asked with. ``digest`` is of the docker config, empty where there was none."""

    secret: SecretVersion = NO_SECRET
    digest: str = ""


NO_LOGIN: Final = Login()


def secret_version_of(pattern: DesignPattern, *, config_sources: ConfigSources) -> SecretVersion:
    """What is known of the Secret without reading it."""
    ref = pattern.spec.source.secret_ref
    if ref is None:
        return NO_SECRET
    version = config_sources.known_version(SECRET, namespace=pattern.metadata.namespace, name=ref.name)
    return SecretVersion(ref.name, version)


async def login_of(pattern: DesignPattern, *, config_sources: ConfigSources) -> Login:
    """The login that a registry would be asked with now.

    Raises:
        Stalled: the Secret is missing, or its data is not base64.
        Transient: it could not be read.
    """
    ref = pattern.spec.source.secret_ref
    if ref is None:
        return NO_LOGIN
    # Before it is read: what comes meanwhile is another one.
    secret = secret_version_of(pattern, config_sources=config_sources)
    namespace = pattern.metadata.namespace
    data = await config_sources.read(SECRET, namespace=namespace, name=ref.name, reader=key_of(pattern))
    config = data.get(DOCKER_CONFIG)
    return Login(secret, "" if config is None else hashlib.sha256(config).hexdigest())
