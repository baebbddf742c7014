"""The library's words as the page says them: its fields in place of options and parameters."""

from __future__ import annotations

import re

from equipoise.datasets.formats import RESIZE
from equipoise.runs.resuming import INSIDE, REMEDY

# Remedies of the library that name options of its commands, and the same remedies on the page.
PHRASES = {
    RESIZE: "Fill in “Resize to” beside the folder.",
    REMEDY: "Open the data again, and train a new model.",
    INSIDE: "Start the studio again in another folder.",
    "pass skip_damaged (--skip-damaged)": "tick “Leave out damaged images”",
    "data_dir (--data-dir)": "The folder",
}
COLUMNS = {  # what the page offers for the columns of a table
    "--categories": "“Category”",
    "--dates": "“Date”",
    "--ignore": "“Ignore”",
    "--missing-values": "“Missing values”",
}
WHERE = " It is under “How to read the columns”."
PARAMETERS = {
    "max_epochs": "“How long”",
    "min_class_size": "“Smallest class to generate”",
    "min_confidence": "the smallest confidence",
    "n_codes": "“Codes”",
    "structure_weight": "“Weight of the codes”",
}
NAMED = re.compile(rf"('?)\b({'|'.join(PARAMETERS)})\b\1(?:=('?)([^\s,:;']*[^\s,:;'.])\3)?")


def on_the_page(text: str) -> str:
    """A message of the library for a person who has the page alone.

    Examples
    --------
    >>> from equipoise.studio.words import on_the_page
    >>> on_the_page("Class 9 has 6 rows, fewer than min_class_size=8.")
    'Class 9 has 6 rows, fewer than “Smallest class to generate” (8).'
    """
    for theirs, ours in PHRASES.items():
        text = text.replace(theirs, ours)
    found = [option for option in COLUMNS if option in text]
    for option in found:
        text = text.replace(option, COLUMNS[option])
    if found:
        text += WHERE if len(found) == 1 else WHERE.replace("It is", "They are")
    return NAMED.sub(_field, text)


def _field(found: re.Match[str]) -> str:
    name = PARAMETERS[found[2]]
    return f"{name} ({found[4]})" if found[4] else name
