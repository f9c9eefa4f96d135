"""`urbanops profile import`: from a vendor's register table (CSV, XLSX) to a draft profile."""

from shared.field.register_table.addresses import Notation
from shared.field.register_table.draft import Draft, Wish, draft_profile

__all__ = ["Draft", "Notation", "Wish", "draft_profile"]
