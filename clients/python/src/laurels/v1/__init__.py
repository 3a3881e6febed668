"""The messages and stubs of the protocol, as proto/laurels/v1 has them; made by ``generate``."""
