"""A package that is not installed: which one, and the command that installs it."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires

from chaoskit.errors import InputError


def missing_package(error: ModuleNotFoundError) -> InputError | None:
    """What to say of an import that failed, if it was of a package that chaoskit declares; None for any other, which is a bug."""
    package = (error.name or "").partition(".")[0].replace("_", "-")
    try:
        requirements = requires("chaoskit") or []
    except PackageNotFoundError:
        return None
    for requirement in requirements:
        if re.split(r"[^A-Za-z0-9-]", requirement)[0] == package:
            extra = re.search(r"extra == ['\"](\w+)['\"]", requirement)
            target = f"'chaoskit[{extra[1]}]'" if extra else package
            return InputError(f"this needs the package {package}, which is not installed; run: pip install {target}")
    return None
