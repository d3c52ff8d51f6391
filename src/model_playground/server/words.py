"""What the page's forms call what the command line's options set.

Refusals, findings and notes name an option, such as `--weights none`: the page says the title of
its field in place of it. An option is named after the field, one value of a list in the singular.
They name commands too, in backticks: the page says where it does the same.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel

PLACES = {
    "dataset import": "“Import a dataset” (under Datasets)",
    "dataset inspect": "“Inspect” (on the page of the dataset)",
    "dataset check": "“Check” (beside “Import”, or on the page of the dataset)",
    "dataset show": "“Figures and items” (on the page of the dataset)",
    "split create": "“Create a split” (under Splits)",
    "split create --from": "“From a list” of “Create a split” (under Splits)",
}
"""Where the page does what a command does, by the command without its arguments."""

_NAMED_OTHERWISE = {
    "copy_files": "copy",
    "from_file": "from",
    "image_columns": "image-column",
    "target_columns": "target-column",
    "sheets": "sheet",
}


def words_of(forms: Iterable[type[BaseModel]]) -> dict[str, str]:
    """Return the title of each option's field, by the option's name.

    >>> from model_playground.core.records import SplitPlan
    >>> words_of([SplitPlan])["from"], words_of([SplitPlan])["group-by"]
    ('From a list', 'Group by columns')
    """
    return {
        _NAMED_OTHERWISE.get(name, name.replace("_", "-")): field.title
        for form in forms
        for name, field in form.model_fields.items()
        if field.title
    }
