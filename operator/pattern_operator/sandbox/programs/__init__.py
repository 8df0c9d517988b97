"""Runs the real ``helm`` and ``kustomize`` on what strangers wrote, with nothing of this machine in their reach.

``Programs.run`` is the way in. A run is judged first (``judge_run``), for it may come from a worker that an author took
over; the command line is built here (``command_line``) and nowhere else; the files are laid out in a directory of their
own (``workspace``); ``launcher`` confines the process before it becomes the program.
"""

from pattern_operator.sandbox.programs.binaries import ProgramPaths
from pattern_operator.sandbox.programs.judge_run import RunRefused
from pattern_operator.sandbox.programs.runner import ProgramFailed, ProgramLimits, Programs
from pattern_operator.sandbox.programs.workspace import remove_left

__all__ = ["ProgramFailed", "ProgramLimits", "ProgramPaths", "Programs", "RunRefused", "remove_left"]
