"""What the page's forms call what the command line's options set.

Refusals, findings and notes name an option, such as `--weights none`: the page says the title of
its field in place of it. An option is named after the field, one value of a list in the singular.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel

_NAMED_OTHERWISE = {
    "from_file": "from",
    "image_columns": "image-column",
    "target_columns": "target-column",
    "sheets": "sheet",
}


def words_of(forms: Iterable[type[BaseModel]]) -> dict[str, str]:
    """Return the title of each option's field, by the option's name.

    >>> from model_playground.core.records import SplitPlan
    >>> words_of([SplitPlan])["from"], words_of([SplitPlan])["group-by"]
    ('List', 'Group by columns')
    """
    return {
        _NAMED_OTHERWISE.get(name, name.replace("_", "-")): field.title
        for form in forms
        for name, field in form.model_fields.items()
        if field.title
    }
