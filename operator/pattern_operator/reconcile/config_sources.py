"""The Secrets and ConfigMaps that patterns and policies refer to: read once, known until a watch tells of a change.

One is read when a step first needs it. From then on a metadata watch of its kind tells of every change: the
content is dropped, and the readers that used it are woken: patterns, and TrustPolicies. No content is ever logged or
put into a message.
"""

import asyncio
import base64
import binascii
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pattern_operator.aio import Tasks
from pattern_operator.api.fields import ObjectMeta, mapping_at, text, texts
from pattern_operator.api.reason import Reason
from pattern_operator.apply.errors import reason_of
from pattern_operator.errors import Stalled, Transient
from pattern_operator.kube import ApiError, Projection, Reflector, Resource, Session, WatchEvent, objects
from pattern_operator.kube.wellknown import CONFIG_MAP
from pattern_operator.quote import quoted
from pattern_operator.reconcile.content_cache import ContentCache
from pattern_operator.reconcile.pattern_store import PatternKey
from pattern_operator.reconcile.policy_store import PolicyKey

SYNC_TIMEOUT = 5.0  # seconds after its begin that the watch of a kind is waited for
MAX_USED = 256  # Secrets and ConfigMaps that one reader is woken by; 16 authorities name 12 each at most


Reader = PatternKey | PolicyKey


@dataclass(frozen=True, slots=True)
class ConfigSource:
    """The name of a Secret or ConfigMap."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class ConfigSources:
    """Reads Secrets and ConfigMaps for patterns and policies, and wakes these when they change."""

    def __init__(self, session: Session, *, wake: Callable[[Reader], None], tasks: Tasks) -> None:
        self._session = session
        self._wake = wake
        self._tasks = tasks
        self._content: ContentCache[tuple[ConfigSource, str | None]] = ContentCache()
        self._readers: dict[ConfigSource, set[str | None]] = {}  # the accounts for which content is remembered
        self._users: dict[ConfigSource, set[Reader]] = {}
        self._used: dict[Reader, dict[ConfigSource, None]] = {}  # what each reader uses, the oldest first
        self._newest: dict[ConfigSource, int] = {}  # the version that the watch told last, of those that somebody uses
        self._watches: dict[str, Reflector] = {}
        self._begun: dict[str, float] = {}  # when each was, in seconds of the loop

    async def read(
        self, resource: Resource, *, namespace: str, name: str, reader: Reader, account: str | None = None
    ) -> Mapping[str, bytes]:
        """The data of a Secret or ConfigMap, decoded.

        It is read as the user ``account``; None: as the operator. What one may read is remembered for that one alone.

        Raises:
            Stalled: it does not exist; ``reader`` is woken when it does.
            Transient: the API server could not be asked, or RBAC does not allow it.
        """
        config_source = ConfigSource(resource.kind, namespace, name)
        self._use(config_source, reader)
        followed = await self._follow(resource)
        known = self._content.get((config_source, account))
        if known is not None and followed:
            return known
        try:
            body = await objects.get(self._session, resource, namespace=namespace, name=name, impersonate=account)
        except ApiError as error:
            raise _explain(config_source, error, account=account) from error
        content = _decode(body, config_source)
        # Without a watch nobody would say that it changed; and a watch may have told of a newer one than this already.
        if followed and ObjectMeta.of(body).version >= self._newest.get(config_source, 0):
            self._readers.setdefault(config_source, set()).add(account)
            self._content.keep((config_source, account), content)
        return content

    def known_version(self, resource: Resource, *, namespace: str, name: str) -> int:
        """The version of it that a watch told last, of one that somebody uses; 0 where none was told of."""
        return self._newest.get(ConfigSource(resource.kind, namespace, name), 0)

    def forget(self, reader: Reader) -> None:
        """A reader is gone: what only it used is forgotten."""
        for config_source in self._used.pop(reader, {}):
            self._drop(config_source, reader)

    def _use(self, config_source: ConfigSource, reader: Reader) -> None:
        """Let ``reader`` be woken by ``config_source``, and not any more by what it used long before.

        Specs change forever.
        """
        self._users.setdefault(config_source, set()).add(reader)
        used = self._used.setdefault(reader, {})
        used.pop(config_source, None)
        used[config_source] = None
        if len(used) > MAX_USED:
            oldest = next(iter(used))
            del used[oldest]
            self._drop(oldest, reader)

    def _drop(self, config_source: ConfigSource, reader: Reader) -> None:
        users = self._users.get(config_source)
        if users is None:
            return
        users.discard(reader)
        if not users:
            del self._users[config_source]
            self._forget_content(config_source)
            self._newest.pop(config_source, None)

    def _forget_content(self, config_source: ConfigSource) -> None:
        for account in self._readers.pop(config_source, ()):
            self._content.drop((config_source, account))

    async def _follow(self, resource: Resource) -> bool:
        """Start the watch of a kind when it is first needed; whether it tells of every change now."""
        watch = self._watches.get(resource.kind)
        if watch is None:
            watch = Reflector(
                self._session,
                resource,
                projection=Projection.METADATA,
                on_change=lambda change: self._changed(resource, change),
            )
            self._watches[resource.kind] = watch
            self._begun[resource.kind] = asyncio.get_running_loop().time()
            self._tasks.create_task(watch.run(), name=f"watch-{resource.plural}-referred-to")
        left = self._begun[resource.kind] + SYNC_TIMEOUT - asyncio.get_running_loop().time()
        with contextlib.suppress(TimeoutError):  # once a kind: one that cannot be watched holds nobody up forever
            async with asyncio.timeout(left):
                await watch.current.wait()
        return watch.current.is_set()

    def _changed(self, resource: Resource, change: WatchEvent) -> None:
        meta = ObjectMeta.of(change.object)
        config_source = ConfigSource(resource.kind, meta.namespace, meta.name)
        users = self._users.get(config_source)
        if users is None:
            return
        self._newest[config_source] = meta.version
        self._forget_content(config_source)
        for key in users:
            self._wake(key)


def _explain(config_source: ConfigSource, error: ApiError, *, account: str | None) -> Stalled | Transient:
    if error.code == 404:
        return Stalled(
            reason=Reason.SECRET_NOT_FOUND,
            message=f"{config_source} does not exist; create it, or correct the name in the spec. It is used as soon as"
            " it is there.",
        )
    if error.code == 403:
        return Transient(
            reason=Reason.FORBIDDEN,
            message=f"{account or 'the operator'} may not read {config_source}: {error.message}. Grant"
            f" {'it' if account else 'its ServiceAccount'} get on it.",
        )
    return Transient(reason=reason_of(error), message=f"{config_source} could not be read: {error.message}")


def _decode(body: Mapping[str, object], config_source: ConfigSource) -> Mapping[str, bytes]:
    data = texts(mapping_at(body, "data"))
    if config_source.kind == CONFIG_MAP.kind:
        return {name: text(value).encode() for name, value in data.items()}
    content = dict[str, bytes]()
    for name, value in data.items():
        try:
            content[name] = base64.b64decode(value, validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise Stalled(
                reason=Reason.SECRET_INVALID,
                message=f"{config_source} has an entry {quoted(name)} that is not base64: correct it.",
            ) from None
    return content
