"""Timestamps of RFC 3161: who else saw a signature, and when. A token is verified against the roots of its TSA.

structures   the ASN.1 of CMS and of timestamps
signed_data  reads a token: CMS signed data with just one signer, around what the TSA states
algorithms   which hashes and signature algorithms a token may name
verify       whether a token was made for a message, by a TSA that is trusted
"""

from pattern_operator.verify.timestamp.signed_data import Encoding
from pattern_operator.verify.timestamp.verify import StampedDigest, Timestamp, verify_timestamp

__all__ = ["Encoding", "StampedDigest", "Timestamp", "verify_timestamp"]
