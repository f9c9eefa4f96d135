"""`urbanops profile doc`: the register map of a profile, in Chinese and English."""

from shared.field.profile_doc.contents import register_map
from shared.field.profile_doc.html import as_html
from shared.field.profile_doc.markdown import as_markdown

__all__ = ["as_html", "as_markdown", "register_map"]
