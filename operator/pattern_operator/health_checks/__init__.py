"""Health checks of users, in CEL over an object: each namespace's in a process of its own that can do nothing else.

A process is kept while there is work, because to start one takes 300 times as long as an evaluation. ``processes``
hands out the work, ``process`` is one of them, ``worker`` is what runs in it, ``language`` what it knows. An answer is
made of words of ours: nothing of an object can be in it, whoever has taken the process over.
"""
