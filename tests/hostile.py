"""Artifacts that are small when they come in and large in what is built from them, or slow: each function makes one.

``LAYERS`` has all by name. Each value gives the bytes of one layer, to be pushed as ``LAYER``; none is valid for the
operator to the end, and each must cost nobody but its own pattern. The figures say what the operator built from them
before it bounded that.
"""

import gzip
import io
import json
import random
import tarfile
from collections.abc import Callable, Mapping
from typing import Final

LAYER: Final = "application/vnd.cncf.flux.content.v1.tar+gzip"
MIB: Final = 1024 * 1024
_SCHEMA: Final = "designs.meshery.io/v1beta1"


def many_items(count: int = 1_000_000) -> bytes:
    """A List of ``count`` numbers: 2 MB, 626 MiB of drafts."""
    return b'{"apiVersion":"v1","kind":"List","items":[' + b",".join([b"0"] * count) + b"]}"


def many_items_in_lists(count: int = 1_000_000) -> bytes:
    """The same, in a thousand Lists of a List."""
    inner = b'{"apiVersion":"v1","kind":"List","items":[' + b",".join([b"0"] * (count // 1000)) + b"]}"
    return b'{"apiVersion":"v1","kind":"List","items":[' + b",".join([inner] * 1000) + b"]}"


def many_services(count: int = 200_000) -> bytes:
    """A design of the older form, with ``count`` services that are nothing."""
    services = ",".join(f'"s{number}":{{"type":"x"}}' for number in range(count))
    return f'{{"name":"x","services":{{{services}}}}}'.encode()


def many_components(count: int = 500_000) -> bytes:
    """A design of ``count`` components that are numbers."""
    return f'{{"schemaVersion":"{_SCHEMA}","components":[{",".join("0" * count)}]}}'.encode()


def nulls_under_long_key(count: int = 5_000, length: int = 300_000) -> bytes:
    """365 KiB: the path of each null repeats the key, 1,453 MiB."""
    return _design({"x" * length: {f"n{number}": None for number in range(count)}})


def repairs_under_long_key(count: int = 5_000, length: int = 300_000) -> bytes:
    """The same by field names with spaces, and by fields that are written twice."""
    twice = {name: number for number in range(count) for name in (f"a b{number}", f"ab{number}")}
    return _design({"x" * length: twice})


def many_references(count: int = 60_000) -> bytes:
    """References that follow an object to another namespace: a repair for each."""
    subjects = [{"kind": "ServiceAccount", "name": "a", "namespace": "n"}] * count
    role = {"kind": "ClusterRole", "name": "view", "apiGroup": "rbac.authorization.k8s.io"}
    configuration = {"subjects": subjects, "roleRef": role}
    binding = _component("ClusterRoleBinding", "b", configuration, version="rbac.authorization.k8s.io/v1")
    account = _component("ServiceAccount", "a", {"metadata": {"namespace": "n"}})
    return _of(account, binding)


def refusals_of_long_names(count: int = 2_000, length: int = 2_000) -> bytes:
    """Components whose names are long and no names: each message repeats its own."""
    return _of(*(_component("ConfigMap", "a" * length + str(number), {}) for number in range(count)))


def missing_fields(count: int = 100_000) -> bytes:
    """A workload of ``count`` containers without name and image."""
    spec = {"selector": {"a": "b"}, "template": {"spec": {"containers": [{"x": 1}] * count}}}
    return _of(_component("Deployment", "d", {"spec": spec}, version="apps/v1"))


def wide_json(size: int = 31 * MIB) -> bytes:
    """JSON of small parts: 1,614 MiB and 30 s at 32 MiB."""
    return (
        b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"w"},"x":['
        + b",".join([b"{}"] * (size // 3))
        + b"]}"
    )


def wide_yaml(size: int = 16 * MIB) -> bytes:
    """YAML of small parts."""
    return b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: w}\nx: [" + b"a," * (size // 2) + b"]\n"


def deep_json(depth: int = 100_000) -> bytes:
    """Lists in lists."""
    return b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"d"},"x":' + b"[" * depth + b"]" * depth + b"}"


def deep_yaml(depth: int = 5_000) -> bytes:
    """The same in YAML's own style."""
    return b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\nx:\n" + b" " + b"- " * depth + b"a\n"


def aliases(levels: int = 9, width: int = 9) -> bytes:
    """Anchors that name each other: 9 ** 9 nodes."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n" + "\n".join(lines) + "\n").encode()


def wide_aliases(nodes: int = 1_900, uses: int = 1_000) -> bytes:
    """As much as the limit of aliases allows: a list of ``nodes``, ``uses`` times."""
    listed = ", ".join(["x"] * nodes)
    used = ", ".join(["*a"] * uses)
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\na: &a [{listed}]\nb: [{used}]\n".encode()


def merges(keys: int = 1_900, uses: int = 1_000) -> bytes:
    """A mapping merged into one that has its keys already, ``uses`` times."""
    mapping = ", ".join(f"k{number}: x" for number in range(keys))
    used = ", ".join(["*a"] * uses)
    return (
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\na: &a {{{mapping}}}\nb: {{<<: [{used}]}}\n".encode()
    )


def anchors(count: int = 300_000) -> bytes:
    """Anchors that nobody uses."""
    return b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nx:\n" + b"".join(
        b"- &a%d x\n" % number for number in range(count)
    )


def empty_documents(count: int = 1_000_000) -> bytes:
    """A stream of documents that hold nothing."""
    return b"---\n" * count + b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: e}\n"


def comments(size: int = 30 * MIB) -> bytes:
    """A document, and 30 MB of comments before it."""
    return b"# nothing to see\n" * (size // 17) + b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"


def long_line(size: int = 30 * MIB) -> bytes:
    """One scalar of 30 MB."""
    return b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: l}\ndata: {x: " + b"a" * size + b"}\n"


def long_key(size: int = MIB) -> bytes:
    """A key of 1 MB, with things under it."""
    return _design({"k" * size: [{"a": [None] * 1000, "b c": 1}]})


def huge_number(digits: int = 2_000_000) -> bytes:
    """An integer that takes quadratic time to read."""
    return b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"h"},"x":' + b"9" * digits + b"}"


def huge_yaml_numbers(count: int = 2_000, digits: int = 390) -> bytes:
    """Integers, and floats, of as many digits as are read as numbers."""
    lines = [b"- " + b"9" * digits + b"\n- 0x" + b"f" * digits + b"\n- 1." + b"9" * digits + b"\n"] * count
    return b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: h}\nx:\n" + b"".join(lines)


def duplicate_keys(count: int = 300_000) -> bytes:
    """One key, over and over: JSON readers take the last."""
    pairs = b",".join([b'"a":[1,2,3]'] * count)
    return b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"d"},"data":{' + pairs + b"}}"


def marked() -> bytes:
    """JSON after a byte order mark, which is YAML to a reader of JSON."""
    return b"\xef\xbb\xbf" + wide_json(4 * MIB)


# --- archives -------------------------------------------------------------------------------------------------------


def tar(files: Mapping[str, bytes], *, pax_headers: Mapping[str, str] | None = None) -> bytes:
    """A plain tar: what it holds compresses too well to pass for anything but a bomb."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            entry.pax_headers = dict(pax_headers or {})
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def unpacks_to_much(size: int = 250 * MIB, ratio: int = 90) -> bytes:
    """3 MiB of gzip that unpack to ``size`` in one file, just below what is taken for a bomb: five took 1,544 MiB."""
    noise, block = random.Random(6), MIB  # noqa: S311 - noise, no secret
    content = bytearray()
    while len(content) < size:
        content += noise.randbytes(block // ratio).ljust(block, b"#")
    return gzip.compress(tar({"assets/data.bin": bytes(content[:size]), "design.yml": many_components(1)}), mtime=0)


def unpacks_to_many(size: int = 250 * MIB, count: int = 9_000) -> bytes:
    """The same in thousands of documents."""
    noise, each = random.Random(7), size // count  # noqa: S311 - noise, no secret
    files = {
        f"manifests/{number}.yaml": (b"# " + noise.randbytes(each // 200).hex().encode()).ljust(each, b"#")
        for number in range(count)
    }
    return gzip.compress(tar(files), mtime=0)


def long_headers(count: int = 2_000, length: int = 50_000) -> bytes:
    """Entries with extended headers of 50 kB each."""
    return gzip.compress(
        tar({f"f{number}.yaml": b"" for number in range(count)}, pax_headers={"comment": "x" * length}), 1, mtime=0
    )


def bomb(size: int = 200 * MIB) -> bytes:
    """Zeros: a thousand times its size."""
    return gzip.compress(tar({"design.yml": bytes(size)}), mtime=0)


def members(count: int = 40_000) -> bytes:
    """A gzip file of empty members."""
    return gzip.compress(b"", mtime=0) * count


def _component(kind: str, name: str, configuration: object, *, version: str = "v1") -> dict[str, object]:
    return {
        "id": name[:40],
        "displayName": name,
        "component": {"kind": kind, "version": version},
        "model": {"name": "kubernetes", "registrant": {"kind": "kubernetes"}},
        "configuration": configuration,
    }


def _of(*components: dict[str, object]) -> bytes:
    return json.dumps({"schemaVersion": _SCHEMA, "name": "x", "components": components}).encode()


def _design(configuration: object) -> bytes:
    return _of(_component("ConfigMap", "c", configuration))


DOCUMENTS: Final[dict[str, Callable[[], bytes]]] = {
    each.__name__: each
    for each in (
        *(many_items, many_items_in_lists, many_services, many_components, nulls_under_long_key),
        *(repairs_under_long_key, many_references, refusals_of_long_names, missing_fields, wide_json, wide_yaml),
        *(deep_json, deep_yaml, aliases, wide_aliases, merges, anchors, empty_documents, comments, long_line),
        *(long_key, huge_number, huge_yaml_numbers, duplicate_keys, marked),
    )
}
ARCHIVES: Final[dict[str, Callable[[], bytes]]] = {
    each.__name__: each for each in (unpacks_to_much, unpacks_to_many, long_headers, bomb, members)
}


def layer(name: str) -> bytes:
    """The bytes of the layer of the artifact ``name``."""
    return ARCHIVES[name]() if name in ARCHIVES else tar({"design.yml": DOCUMENTS[name]()})


LAYERS: Final = (*DOCUMENTS, *ARCHIVES)
