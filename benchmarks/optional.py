"""Optional libraries: one that is absent is an error that says how to install it; any other error is passed on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from benchmarks.errors import MissingExtraError

__all__ = ["IMPORT_NAMES", "import_name", "needs_extra"]

IMPORT_NAMES = {"scikit-learn": "sklearn", "pillow": "PIL", "configspace": "ConfigSpace"}
"""Distribution, in lower case -> name of its package, where this is not the same with underscores."""


def import_name(distribution: str) -> str:
    """Name of the package that a distribution of our requirements installs.

    Example:
        >>> import_name("Pillow"), import_name("torch-geometric")
        ('PIL', 'torch_geometric')
    """
    return IMPORT_NAMES.get(distribution.lower(), distribution.replace("-", "_"))


@contextlib.contextmanager
def needs_extra(feature: str, extra: str, *libraries: str) -> Iterator[None]:
    """Context of the imports of optional libraries.

    A library that is installed but cannot be imported, say as a file of the system is missing, is not absent: to
    install it once more would not help, so its own error is passed on.

    Args:
        feature: What needs the libraries.
        extra: Extra of this project that installs them.
        *libraries: Distributions of the libraries.

    Raises:
        MissingExtraError: If one of them is not installed.

    Example:
        >>> with needs_extra("a plot", "plots", "no-such-library"):
        ...     import no_such_library
        Traceback (most recent call last):
        ...
        benchmarks.errors.MissingExtraError: a plot needs 'no-such-library', which is not installed: ...
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        absent = {import_name(library): library for library in libraries}.get(package)
        if absent is None:
            raise
        raise MissingExtraError(feature, absent, extra) from error
