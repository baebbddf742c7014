"""Check that every link to a file of our own, or to a place in it, leads somewhere.

python docs/check_links.py docs/_build/html README.md
"""

import re
import sys
from pathlib import Path
from urllib.parse import unquote


def links(file: Path) -> list[str]:
    """Links of an HTML or Markdown file that do not leave the repository."""
    text = file.read_text(encoding="utf-8")
    pattern = r"\]\(([^)\s]+)\)" if file.suffix == ".md" else r'\b(?:href|src)="([^"]+)"'
    return [link for link in re.findall(pattern, text) if not re.match(r"[a-z]+:|//|#$", link)]


def is_broken(file: Path, link: str) -> bool:
    """Whether the file, or the element of an HTML page, does not exist."""
    path, _, place = unquote(link).partition("#")
    target = (file.parent / path.split("?")[0]) if path else file
    if not target.exists():
        return True
    if not place or target.suffix != ".html":
        return False
    return f'id="{place}"' not in target.read_text(encoding="utf-8")


def main(places: list[str]) -> int:
    """Print the broken links, and return 1 if there are any."""
    files = []
    for place in map(Path, places):
        pages = place.rglob("*.html") if place.is_dir() else [place]
        files += [page for page in pages if "_static" not in page.parts]
    broken = [(f, link) for f in files for link in sorted(set(links(f))) if is_broken(f, link)]
    for file, link in broken:
        print(f"{file}: {link} leads nowhere")
    print(f"{len(files)} pages, {len(broken)} broken links")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
