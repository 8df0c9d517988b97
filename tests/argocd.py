"""Judges objects by the health script of manifests/argocd as Argo CD does: in Lua 5.1 with few libraries."""

from typing import Any, Final

import yaml
from lupa.lua51 import LuaRuntime
from tests.testbed.paths import ROOT

from pattern_operator.api.names import GROUP, KIND

HEALTH: Final = ROOT / "manifests" / "argocd" / "health.yaml"
ENTRY: Final = f"resource.customizations.health.{GROUP}_{KIND}"
VERDICTS: Final = frozenset({"Healthy", "Progressing", "Degraded", "Suspended", "Missing", "Unknown"})  # Argo CD's
_NOT_LOADED: Final = ("string", "math", "io", "os", "debug", "package", "coroutine", "require", "dofile", "loadfile")


def script() -> str:
    """The script as it is shipped."""
    text: str = yaml.safe_load(HEALTH.read_text())["data"][ENTRY]
    return text


def judge(obj: dict[str, Any]) -> tuple[str, str]:
    """The status and the message of an object."""
    lua = LuaRuntime(register_eval=False, register_builtins=False)
    scope = lua.globals()
    for name in _NOT_LOADED:
        scope[name] = None
    scope.obj = _table(lua, obj)
    found = lua.execute(script())
    assert found.status in VERDICTS, found.status
    assert isinstance(found.message, str)
    return found.status, found.message


def _table(lua: LuaRuntime, value: Any) -> Any:
    """What Argo CD makes of JSON: tables, and nothing for null."""
    if isinstance(value, dict):
        return lua.table_from({key: _table(lua, each) for key, each in value.items() if each is not None})
    if isinstance(value, list):
        return lua.table_from([_table(lua, each) for each in value])
    return value
