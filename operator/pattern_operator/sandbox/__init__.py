"""Unpacks and renders what strangers wrote where it can harm nobody: in a process that has limits and nothing else.

``Sandbox.rendered`` is the way in. Small and harmless input is built in a thread (``build``). Everything else goes to
a worker process: no more memory and time than its limits, no network, no files, no environment, no secrets
(``confine``). A worker serves one namespace and is then replaced, so that whoever takes one over has taken over nobody
else. What comes back is data of known types and a limited size (``wire``), never objects that were made there. A worker
that dies is an error of the pattern it worked for, and of no other. A worker starts no program: it asks for a run of
``helm`` or ``kustomize``, which ``programs`` judges and does (``run_wire``). Processes, and what is built from their
answers, are shared fairly among namespaces (``shares``).
"""

from pattern_operator.sandbox.build import BuildRefused, Plan
from pattern_operator.sandbox.pool import WorkerLimits
from pattern_operator.sandbox.programs import ProgramPaths
from pattern_operator.sandbox.sandbox import Sandbox

__all__ = ["BuildRefused", "Plan", "ProgramPaths", "Sandbox", "WorkerLimits"]
