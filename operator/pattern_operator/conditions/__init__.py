"""Judges what an attestation states by a condition in CEL, where neither who wrote the one nor the other can do harm.

CEL (cel.dev) is a language for conditions: without loops, without side effects. The library is Google's own, in C++. It
bounds the length and depth of an expression and the number of steps, and not the memory: texts and lists can be
doubled. So each condition is evaluated in a process of its own that has limits and nothing else (docs/adr/0019).

    answer       true, false, or not judged, because of the condition or because of what is around it
    expression   the language: what is compiled and evaluated, and what that gives
    process      starts the process, and believes little of its answer; ``ConditionProcesses`` is the way in
    worker       the process: confines itself, then evaluates the one expression

Nothing is imported here: a process starts in a tenth of a second, because it loads nothing but what it needs.
"""
