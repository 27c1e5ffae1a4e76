"""Where templates and static files are: inside the wheel, or at the top of a checkout.

An editable install has no copy of the two folders in the package, so the second place is looked
at too (see pyproject.toml, `tool.hatch.build`).
"""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_ROOT = _PACKAGE if (_PACKAGE / "templates").is_dir() else _PACKAGE.parents[1]

TEMPLATES = _ROOT / "templates"
STATIC = _ROOT / "static"
