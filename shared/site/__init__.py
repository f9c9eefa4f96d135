"""The site file `site/v1`: which areas, assets, lines and controllers one deployment has."""

from shared.site.load import ALL_TRADES, load_site
from shared.site.model import Area, AssetEntry, ControllerEntry, LineEntry, Names, Site

__all__ = ["ALL_TRADES", "Area", "AssetEntry", "ControllerEntry", "LineEntry", "Names", "Site", "load_site"]
