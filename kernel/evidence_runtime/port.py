"""What both forms of the store port share: the log, and the error of a store."""

import logging

logger = logging.getLogger("evidence")
logger.addHandler(logging.NullHandler())


class StoreError(Exception):
    """A store cannot be opened or listed; the message names it and the way out."""
