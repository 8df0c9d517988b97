"""What is known of the objects of one kind: the version of each that was told last, so that a change is told once."""

from collections.abc import Callable, Collection

from pattern_operator.api.fields import ObjectMeta, number_of
from pattern_operator.api.object import Body
from pattern_operator.kube.resource import Resource
from pattern_operator.kube.watch_event import WatchEvent, WatchEventType

ObjectName = tuple[str, str]  # namespace, name


class KnownObjects:
    """The versions of the objects of ``resource``. What is returned are the events of a change, in their order.

    Of an object that is not one that ``remembers(namespace, name)``, nothing is kept.
    """

    def __init__(self, resource: Resource, *, remembers: Callable[[str, str], bool]) -> None:
        self._resource = resource
        self._remembers = remembers
        self._versions: dict[ObjectName, tuple[str, str]] = {}  # (uid, resourceVersion)
        self._newest = 0  # version that was seen

    @property
    def names(self) -> Collection[ObjectName]:
        """Those that exist, as far as is known."""
        return self._versions.keys()

    def remember(self, namespace: str, name: str, *, uid: str, version: str) -> None:
        """Tell this object as deleted, too, when it vanishes unseen: it is remembered only now."""
        self._versions.setdefault((namespace, name), (uid, version))

    def reach(self, version: int) -> None:
        """Everything up to this version of the collection is known."""
        self._newest = max(self._newest, version)

    def begin_at(self, version: int) -> None:
        """The collection was listed at this version, whatever was seen before."""
        self._newest = version

    def is_behind(self, version: str) -> bool:
        """Whether this version of the collection is below one that was seen: etcd was restored from a backup."""
        return 0 < number_of(version) < self._newest

    def is_older(self, item: Body, *, listed: str) -> bool:
        """Whether a list shows that etcd was restored: its version, or an object's, is below one that was seen.

        What is known of an object may be newer than the list: the answer to an apply came meanwhile (``remember``).
        """
        meta, as_of = ObjectMeta.of(item), number_of(listed)
        uid, version = self._versions.get((meta.namespace, meta.name), ("", ""))
        older = uid == meta.uid and 0 < meta.version < number_of(version) <= as_of
        return older or self.is_behind(listed)

    def observe(self, item: Body) -> tuple[WatchEvent, ...]:
        """Take in an object that exists: nothing is told where this very version of it was."""
        meta = ObjectMeta.of(item)
        name, now = (meta.namespace, meta.name), (meta.uid, meta.resource_version)
        before = self._versions.get(name)
        if not meta.name or (before == now and meta.resource_version):
            return ()
        if not self._remembers(*name):
            self._versions.pop(name, None)
            return (self._event(WatchEventType.MODIFIED, item),)
        another = before is not None and before[0] != now[0]
        gone = (self.vanish(name),) if another else ()
        self._versions[name] = now
        is_new = before is None or another
        return (*gone, self._event(WatchEventType.ADDED if is_new else WatchEventType.MODIFIED, item))

    def delete(self, item: Body) -> tuple[WatchEvent, ...]:
        """Take in an object that was deleted, as it was last."""
        meta = ObjectMeta.of(item)
        self._versions.pop((meta.namespace, meta.name), None)
        return (self._event(WatchEventType.DELETED, item),) if meta.name else ()

    def vanish(self, name: ObjectName) -> WatchEvent:
        """An object that was known is not there any more."""
        uid, version = self._versions.pop(name)
        metadata = {"name": name[1], "uid": uid, "resourceVersion": version}
        if name[0]:
            metadata["namespace"] = name[0]
        return self._event(WatchEventType.DELETED, {"metadata": metadata})

    def _event(self, kind: WatchEventType, item: Body) -> WatchEvent:
        # The items of a list carry neither, and those of a metadata view the names of the view.
        item["apiVersion"], item["kind"] = self._resource.api_version, self._resource.kind
        return WatchEvent(type=kind, object=item)
