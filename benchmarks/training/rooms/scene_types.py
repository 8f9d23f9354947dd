"""The 47 scene types as data: typical proportions, windows, surfaces and furniture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.training.rooms.furniture import FURNITURE

__all__ = ["ITEMS", "SCENES", "SceneType", "scene_items", "scene_labels"]

ITEMS = 11
"""Maximum number of pieces of furniture in a scene, not counting windows, door and pendant lamp."""


@dataclass(frozen=True)
class SceneType:
    """One type of scene.

    Example:
        >>> SCENES["toilet"].furniture
        'toilet,sink,picture'

    Attributes:
        size: Typical width, depth and height of the room, in metres.
        windows: Typical number of windows, 0 to 2.
        floor: Pattern of the floor: ``wood``, ``tiles``, ``carpet`` or ``stone``.
        wall: Pattern of the walls: ``plain``, ``tiles``, ``stripes`` or ``brick``.
        furniture: Typical furniture, most typical first.
    """

    size: tuple[float, float, float]
    windows: int
    floor: str
    wall: str
    furniture: str


def _scene(size: str, windows: int, floor: str, wall: str, furniture: str) -> SceneType:
    width, depth, height = map(float, size.split())
    return SceneType((width, depth, height), windows, floor, wall, furniture)


SCENES = {
    "bedroom": _scene("4.1 4.0 2.6", 1, "wood", "plain", "bed,nightstand,wardrobe,nightstand,rug,picture,floor lamp"),
    "hotel room": _scene("4.0 4.8 2.6", 1, "carpet", "stripes",
        "bed,desk,television,nightstand,armchair,picture,chair"),
    "child's room": _scene("3.6 3.6 2.5", 1, "carpet", "stripes", "bed,rug,bookshelf,stool,desk,chair,picture,picture"),
    "dormitory": _scene("4.2 4.8 2.8", 1, "tiles", "plain", "bed,bed,desk,chair,bed,wardrobe,stool"),
    "nursery": _scene("3.2 3.4 2.5", 1, "carpet", "plain", "armchair,sideboard,rug,floor lamp,picture,stool,plant"),
    "hospital room": _scene("4.2 4.2 3.0", 2, "tiles", "plain", "bed,television,chair,sink,nightstand,bed"),
    "living room": _scene("4.6 4.3 2.7", 2, "wood", "plain", "sofa,coffee table,rug,television,armchair,plant,picture"),
    "home theatre": _scene("4.3 4.8 2.5", 0, "carpet", "plain", "television,sofa,sofa,armchair,rug,floor lamp"),
    "den": _scene("4.0 3.8 2.5", 1, "wood", "brick", "armchair,bookshelf,sofa,floor lamp,rug,picture,coffee table"),
    "hotel lobby": _scene("6.0 5.5 4.0", 1, "stone", "plain",
        "armchair,sofa,plant,coffee table,counter,plant,armchair,rug"),
    "waiting room": _scene("4.8 4.5 2.8", 1, "tiles", "plain", "bench,chair,bench,plant,coffee table,picture,bench"),
    "dining room": _scene("4.2 4.1 2.7", 1, "wood", "stripes",
        "dining table,chair,chair,chair,sideboard,chair,picture,rug"),
    "restaurant": _scene("6.0 5.5 3.2", 2, "wood", "brick",
        "dining table,chair,chair,dining table,chair,chair,dining table,chair,chair,plant"),
    "cafe": _scene("5.0 4.5 3.0", 2, "tiles", "brick",
        "coffee table,stool,stool,counter,coffee table,stool,stool,picture"),
    "cafeteria": _scene("6.5 5.5 3.2", 1, "tiles", "plain",
        "dining table,bench,stool,dining table,stool,stool,dining table,stool,counter"),
    "bar": _scene("5.2 4.2 2.8", 0, "wood", "brick", "counter,stool,stool,counter,stool,bookshelf,stool,television"),
    "kitchen": _scene("3.8 3.6 2.6", 1, "tiles", "tiles", "counter,stove,fridge,counter,sink,dining table,chair"),
    "galley kitchen": _scene("2.4 4.1 2.6", 1, "tiles", "plain", "counter,counter,stove,fridge,sink,washer"),
    "kitchenette": _scene("3.2 3.0 2.5", 0, "wood", "plain", "counter,fridge,stove,coffee table,stool,stool"),
    "bathroom": _scene("2.8 2.9 2.5", 1, "tiles", "tiles", "bathtub,sink,toilet,rug,plant"),
    "toilet": _scene("2.2 2.4 2.5", 0, "tiles", "tiles", "toilet,sink,picture"),
    "public toilet": _scene("4.2 4.0 2.8", 0, "tiles", "tiles", "sink,sink,toilet,toilet,sink,toilet"),
    "laundry": _scene("3.4 3.2 2.5", 0, "tiles", "plain", "washer,washer,sink,sideboard,washer,counter"),
    "home office": _scene("3.6 3.4 2.6", 1, "wood", "plain", "desk,monitor,chair,bookshelf,plant,floor lamp,picture"),
    "open office": _scene("6.5 6.0 2.9", 2, "carpet", "plain",
        "desk,monitor,chair,desk,monitor,chair,desk,monitor,chair,plant"),
    "conference room": _scene("5.2 4.4 2.8", 1, "carpet", "plain",
        "dining table,chair,chair,television,chair,chair,plant"),
    "classroom": _scene("6.0 5.5 3.1", 2, "tiles", "plain",
        "desk,chair,desk,chair,television,desk,chair,bookshelf,desk"),
    "computer room": _scene("5.2 4.8 2.8", 0, "carpet", "plain",
        "desk,monitor,desk,monitor,desk,monitor,desk,monitor,chair,chair"),
    "library": _scene("5.8 5.5 3.3", 1, "carpet", "plain",
        "bookshelf,bookshelf,bookshelf,dining table,chair,bookshelf,bookshelf,floor lamp"),
    "archive": _scene("4.0 5.2 2.7", 0, "stone", "plain",
        "bookshelf,bookshelf,wardrobe,bookshelf,wardrobe,bookshelf,stool"),
    "bookshop": _scene("5.0 4.8 2.9", 1, "wood", "stripes",
        "bookshelf,bookshelf,coffee table,bookshelf,stool,counter,rug,picture"),
    "reading room": _scene("4.4 4.2 3.2", 2, "wood", "stripes",
        "armchair,bookshelf,floor lamp,armchair,bookshelf,coffee table,rug"),
    "playroom": _scene("4.4 4.1 2.6", 1, "carpet", "stripes",
        "rug,stool,stool,coffee table,stool,bookshelf,picture,picture"),
    "corridor": _scene("1.8 6.2 2.5", 0, "stone", "plain", "picture,bench,plant,picture,sideboard"),
    "entrance hall": _scene("3.0 4.1 2.8", 0, "stone", "stripes", "wardrobe,bench,rug,sideboard,picture,plant"),
    "attic": _scene("4.8 5.5 2.2", 1, "wood", "brick", "wardrobe,nightstand,sideboard,bench,floor lamp,stool"),
    "basement": _scene("5.0 4.8 2.2", 0, "stone", "brick", "washer,bookshelf,fridge,sideboard,bench,wardrobe"),
    "garage": _scene("5.0 5.2 2.5", 0, "stone", "brick", "bookshelf,fridge,desk,bookshelf,stool,washer"),
    "storage room": _scene("2.8 3.2 2.4", 0, "stone", "plain",
        "wardrobe,bookshelf,nightstand,wardrobe,nightstand,bookshelf"),
    "walk-in closet": _scene("2.6 3.2 2.5", 0, "carpet", "plain", "wardrobe,wardrobe,sideboard,wardrobe,stool,rug"),
    "conservatory": _scene("4.3 4.1 3.2", 2, "stone", "brick",
        "plant,plant,bench,plant,plant,coffee table,chair,plant"),
    "sunroom": _scene("4.1 3.6 2.8", 2, "tiles", "plain", "armchair,plant,armchair,coffee table,plant,rug"),
    "art gallery": _scene("6.0 5.2 3.8", 0, "wood", "plain", "picture,picture,bench,picture,picture,picture,picture"),
    "museum": _scene("6.5 6.0 4.2", 0, "stone", "plain",
        "picture,nightstand,nightstand,picture,coffee table,bench,sideboard,picture"),
    "appliance shop": _scene("6.0 5.2 3.2", 0, "tiles", "plain",
        "fridge,washer,stove,television,washer,fridge,counter,television,stove"),
    "furniture shop": _scene("6.2 5.5 3.4", 1, "carpet", "plain",
        "sofa,bed,dining table,wardrobe,armchair,floor lamp,rug,sofa"),
    "bathroom shop": _scene("5.5 5.2 3.2", 1, "stone", "tiles", "bathtub,sink,toilet,bathtub,sink,counter,toilet"),
}  # fmt: skip
"""The scene types by name."""


def scene_items() -> NDArray[np.int64]:
    """Typical furniture of each scene type, of shape (47, `ITEMS`): positions in `FURNITURE`, -1 = none.

    Example:
        >>> [list(FURNITURE)[kind] for kind in scene_items()[list(SCENES).index("toilet")][:3]]
        ['toilet', 'sink', 'picture']
    """
    kinds = list(FURNITURE)
    table = np.full((len(SCENES), ITEMS), -1)
    for row, scene in enumerate(SCENES.values()):
        names = scene.furniture.split(",")
        table[row, : len(names)] = [kinds.index(name) for name in names]
    return table


def scene_labels() -> NDArray[np.float64]:
    """Class probabilities of each scene type, of shape (47, 47): 0.8 for itself, 0.2 spread over similar types.

    Two types are similar if they have similar furniture (cosine of the counts) in rooms of similar proportions.

    Example:
        >>> names = list(SCENES)
        >>> probabilities = scene_labels()[names.index("restaurant")]
        >>> [names[place] for place in probabilities.argsort()[::-1][:3]]
        ['restaurant', 'conference room', 'dining room']
    """
    counts = np.stack([np.bincount(row[row >= 0], minlength=len(FURNITURE)) for row in scene_items()]).astype(float)
    counts /= np.linalg.norm(counts, axis=1, keepdims=True)
    sizes = np.log([scene.size for scene in SCENES.values()])
    apart = np.square(sizes[:, None] - sizes[None]).sum(2)
    likeness = np.square(counts @ counts.T) * np.exp(-apart)
    np.fill_diagonal(likeness, 0.0)
    likeness += 1e-3
    others: NDArray[np.float64] = likeness / likeness.sum(1, keepdims=True)
    return 0.8 * np.eye(len(SCENES)) + 0.2 * others
