"""What a person decided about proposed rows, as a file beside the weights of a saved sampler."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Self

from equipoise.atomic import write_text
from equipoise.errors import InvalidInputError

FILE = "decisions.json"
FORMAT = 1


@dataclass(frozen=True)
class Proposal:
    """Candidates that can be drawn again, and which of them were accepted or rejected.

    The candidates are those of ``sample(n, classes, codes, noise_scale, random_state=seed)``.

    Attributes
    ----------
    classes : tuple
        Labels, each of which has ``n`` candidates.
    n : int
    seed : int
    codes : dict
        Codes that were fixed, by number or name.
    noise_scale : float
    accepted, rejected : tuple of int
        Positions of candidates. Those in neither are not decided yet, and are not used.
    """

    classes: tuple[Any, ...]
    n: int
    seed: int
    codes: dict[str, Any] = field(default_factory=dict)
    noise_scale: float = 1.0
    accepted: tuple[int, ...] = ()
    rejected: tuple[int, ...] = ()

    @property
    def drawing(self) -> dict[str, Any]:
        """Arguments of ``sample`` and ``propose`` that draw the candidates again."""
        codes = {int(c) if c.isdecimal() else c: value for c, value in self.codes.items()}
        return {
            "n": self.n,
            "y": list(self.classes),
            "codes": codes,
            "noise_scale": self.noise_scale,
            "random_state": self.seed,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Inverse of :func:`dataclasses.asdict`, also of what has been JSON since."""
        lists = {name: tuple(values[name]) for name in ("classes", "accepted", "rejected")}
        return cls(**{**values, **lists})


class Decisions(NamedTuple):
    """What a person decided about a sampler.

    Attributes
    ----------
    code_names : tuple of str
    proposals : tuple of Proposal
    """

    code_names: tuple[str, ...]
    proposals: tuple[Proposal, ...]


def as_text(code_names: Sequence[str], proposals: Sequence[Proposal]) -> str:
    """Write decisions as readable JSON, with a line per proposal."""
    names = json.dumps(list(code_names), ensure_ascii=False)
    lines = ",\n    ".join(json.dumps(asdict(p), ensure_ascii=False) for p in proposals)
    content = f"\n    {lines}\n  " if lines else ""
    return f'{{\n  "format": {FORMAT},\n  "code_names": {names},\n  "proposals": [{content}]\n}}\n'


def write_decisions(folder: Path, code_names: Sequence[str], proposals: Sequence[Proposal]) -> None:
    """Write the decisions about a saved sampler into its folder, atomically.

    Parameters
    ----------
    folder : Path
        That of the saved sampler; its other files stay as they are.
    code_names : sequence of str
    proposals : sequence of Proposal
    """
    write_text(folder / FILE, as_text(code_names, proposals))


def read_decisions(folder: Path) -> Decisions | None:
    """Read the decisions about a saved sampler; None if there are none.

    Raises
    ------
    InvalidInputError
        If the file is damaged or of another version.
    """
    path = folder / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError
        proposals = tuple(map(Proposal.from_dict, content["proposals"]))
        return Decisions(tuple(content["code_names"]), proposals)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise InvalidInputError(
            f"{path} is damaged or of another version. Correct it, or delete it to go on without "
            "the names and selections in it."
        ) from None
