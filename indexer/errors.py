"""Every error Shisaku raises on purpose. Libraries raise; only ``ui/`` turns one into a message."""


class ShisakuError(Exception):
    """Base of all errors whose message is written for the person who asked."""


class UserError(ShisakuError):
    """The caller asked for something that cannot be done as asked (exit code 2)."""


class CorpusError(ShisakuError):
    """A source, its manifest or its layout is missing, unreadable or contradicts itself."""


class IndexMissingError(ShisakuError):
    """There is no index where one was looked for."""


class IndexDamagedError(ShisakuError):
    """A file of the index is missing, truncated or changed."""


class IndexIncompatibleError(ShisakuError):
    """The index was made by another format, model or dictionary than this program reads."""


class IndexBusyError(ShisakuError):
    """Another process is building this index."""


class ModelError(ShisakuError):
    """The embedding model cannot be read, or is not the one expected."""
