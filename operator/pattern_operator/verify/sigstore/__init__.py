"""What Sigstore bundles and classic cosign layers have in common: who signed, and what proves it and the time.

material      what both formats are read into
proof         log entries and timestamps: what is proven, and which times
certificate   certificates: a chain to whom is trusted at each of the times, transparency, and whom they name
signer        judges the material by one authority: a key, identities, or a CA of one's own
"""
