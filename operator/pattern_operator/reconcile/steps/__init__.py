"""The steps of one pattern: resolve, verify, fetch, render, gate, pre-hooks, apply, observe, post-hooks.

One module each, and one for the hooks.

A step is a function of frozen values and one port, which is all that it may do. It returns a frozen result, or raises
Stalled, Waiting or Transient. No step knows another one: ``reconcile.pipeline`` puts them in order.
"""
