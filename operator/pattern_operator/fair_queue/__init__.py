"""Shares a bounded number of seats out between flows, so that none can hold them all while others wait."""

from pattern_operator.fair_queue.queue import FairQueue
from pattern_operator.fair_queue.seats import FLOW_SHARE, LANE_SHARE, Lane, Lanes, Sort

__all__ = ["FLOW_SHARE", "LANE_SHARE", "FairQueue", "Lane", "Lanes", "Sort"]
