"""Reports as Markdown, and as one HTML page without other files."""
import base64
import html
import io
from typing import NamedTuple, Sequence

import markdown
import numpy as np
import pandas as pd
from PIL import Image

PAGE = '''<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title><style>
body {{ margin: 0; background: #f5f6f8; color: #1f2937;
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }}
main {{ max-width: 1180px; margin: 0 auto; padding: 32px 24px 64px; }}
h2 {{ font-size: 19px; margin: 0 0 12px; }}
section {{ background: white; border: 1px solid #e5e7eb; overflow-x: auto;
  border-radius: 10px; padding: 20px 24px; margin: 20px 0; }}
section p, section li {{ color: #6b7280; font-size: 13px; }}
table {{ border-collapse: collapse; font-size: 13px; white-space: nowrap; }}
th, td {{ border-bottom: 1px solid #e5e7eb; padding: 5px 8px; }}
td strong {{ color: #0072b2; }}
img {{ max-width: 100%; display: block; margin: 4px auto 12px; }}
</style></head><body><main>
{body}
</main></body></html>
'''


class Section(NamedTuple):
    """A part of a report: Markdown, and ``<img>`` elements for the page."""
    title: str
    text: str
    images: Sequence[str] = ()

    @property
    def markdown(self) -> str:
        """Title and text."""
        return f'## {self.title}\n\n{self.text}\n'


def html_page(title: str, head: str, sections: Sequence[Section]) -> str:
    """The page.

    Args:
        title (str): Of the window.
        head (str): Markdown that comes first.
        sections (Sequence[Section]): The rest.
    """
    body = '\n'.join([to_html(head), *(
        f'<section>{to_html(section.markdown)}{"".join(section.images)}'
        '</section>' for section in sections)])
    return PAGE.format(title=html.escape(title), body=body)


def to_table(text: pd.DataFrame) -> str:
    """A table of strings."""
    text = text.map(lambda cell: html.escape(str(cell)).replace('|', '\\|'))
    return text.to_markdown(index=False, disable_numparse=True) + '\n\n'


def to_list(lines: Sequence[str]) -> str:
    """A list of plain lines."""
    return '\n'.join(f'- {html.escape(line, quote=False)}' for line in lines)


def to_html(text: str) -> str:
    """Markdown with tables as HTML."""
    return markdown.markdown(text, extensions=['tables', 'fenced_code'])


def picture_tag(picture: np.ndarray, name: str) -> str:
    """A picture, uint8 RGB, as an element that holds it."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, format='JPEG', quality=88)
    return image_tag(out.getvalue(), 'jpeg', name)


def image_tag(content: bytes, kind: str, alt: str) -> str:
    """A file of ``image/<kind>`` as an element that holds it."""
    data = base64.b64encode(content).decode()
    return (f'<img alt="{html.escape(alt)}" '
            f'src="data:image/{kind};base64,{data}">')
