"""The objects that patterns own, as the watches show them: who drifted, who is healthy, who is gone.

``managed_objects`` is the facade, and ``managed_view`` the part of it that only looks. ``watch_events`` takes what
``watches`` show into the ``index``; ``drift`` and ``health`` say what it means, and ``notification`` tells the
patterns. All but the facade, the watches, their events and the notifications is pure.
"""
