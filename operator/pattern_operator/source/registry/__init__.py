"""The client of OCI registries: one repository at a time, nothing believed that a server sends.

``client`` asks; ``auth`` answers challenges over ``transport`` (``challenge``, ``token_service``, ``token_cache``);
``network`` and ``address_space`` decide where connections may go, ``connections`` how many, ``timeouts`` how long they
may take; ``errors`` turns answers into the errors of the product.
"""
