"""The steps of one pattern, one module each: resolve, verify, fetch, render, gate, apply, observe.

A step is a function of frozen values and one port, which is all that it may do. It returns a frozen result, or raises
Stalled, Waiting or Transient. No step knows another one: ``reconcile.pipeline`` puts them in order.
"""
