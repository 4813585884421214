"""A report as one HTML file that needs nothing else: pictures inside, no scripts, nothing from any network."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from pathlib import Path

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
img { max-width: 100%; background: white; border: 1px solid #8884; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; display: block; overflow-x: auto; }
th, td { padding: .2rem .8rem .2rem 0; text-align: left; border-bottom: 1px solid #8884; white-space: nowrap; }
th { font-weight: 600; } pre { overflow-x: auto; } .note { color: #888; } li.caveat { margin: .2rem 0; }
"""


class Page:
    """Put together from the top; ``text`` is the whole of it."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._parts = [f"<h1>{html.escape(title)}</h1>"]

    def heading(self, text: str) -> None:
        """Of what follows."""
        self._parts.append(f"<h2>{html.escape(text)}</h2>")

    def paragraph(self, text: str, note: bool = False) -> None:
        """A paragraph; a note is said quietly."""
        opening = '<p class="note">' if note else "<p>"
        self._parts.append(f"{opening}{html.escape(text)}</p>")

    def listed(self, lines: Sequence[str]) -> None:
        """A list of sentences."""
        items = "".join(f'<li class="caveat">{html.escape(line)}</li>' for line in lines)
        self._parts.append(f"<ul>{items}</ul>")

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table of texts."""
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in headings)
        body = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
        self._parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")

    def picture(self, path: Path, description: str) -> None:
        """A PNG, inside the page. Raises OSError."""
        data = base64.b64encode(path.read_bytes()).decode("ascii")
        self._parts.append(f'<p><img alt="{html.escape(description)}" src="data:image/png;base64,{data}"></p>')

    @property
    def text(self) -> str:
        """The whole document."""
        body = "\n".join(self._parts)
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width">\n'
            f"<title>{html.escape(self._title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
            f"<body>\n{body}\n</body>\n</html>\n"
        )
