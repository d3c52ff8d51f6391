"""Small datasets for the demo, drawn by the program itself: nothing is downloaded.

Each function writes an ordinary dataset that the importer reads like a user's own. A picture
depends on the seed and its number alone, so more pictures leave the earlier ones as they are.
"""

from model_playground.datasets.demo.aerial_views import CLASSES as AERIAL_CLASSES
from model_playground.datasets.demo.aerial_views import draw_aerial_views
from model_playground.datasets.demo.floor_plans import House, draw_floor_plans
from model_playground.datasets.demo.tiles import draw_tiles

__all__ = ["AERIAL_CLASSES", "House", "draw_aerial_views", "draw_floor_plans", "draw_tiles"]
