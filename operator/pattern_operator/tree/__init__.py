"""The objects of a pattern and the pods they run, as they are in the cluster now, for people who look at it.

Everything is read with the rights of who looks. What they may not read is a node all the same, which says so.
"""

from pattern_operator.tree.pods import PODS, pods_of
from pattern_operator.tree.tree import Tree, read_tree

__all__ = ["PODS", "Tree", "pods_of", "read_tree"]
