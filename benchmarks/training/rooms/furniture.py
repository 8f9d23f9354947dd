"""Furniture as data: each kind consists of a few boxes, cylinders and balls in its own unit box.

A part is written ``shape x0 x1 y0 y1 z0 z1 material``, in per cent of the piece's width (x, -50..50), depth (y,
-50..50, the back at -50) and height (z, 0..100).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FURNITURE",
    "MATERIALS",
    "SEGMENTS",
    "SHAPES",
    "VARIANTS",
    "Furniture",
    "class_of_kind",
    "object_classes",
    "parts",
]

SEGMENTS = (
    "unlabelled", "background", "bed", "chair", "table", "desk", "sofa", "wardrobe", "bookshelf", "cabinet", "counter",
    "lamp", "plant", "screen", "sanitary", "stove", "fridge", "washer",
)  # fmt: skip
"""Names of the segmentation values 0..17: as in Taskonomy, sixteen kinds of objects, and one background class for the
room itself and flat things on it. Every pixel of a rendered room has one of 1..17."""

SHAPES = ("box", "cylinder", "ball", "room")
"""Shapes that a ray can hit; cylinders are upright, and a room is a box seen from inside."""

MATERIALS = ("wall", "floor", "ceiling", "dark", "leaf", "glow", "screen", "linen", "glass", "main", "second")
"""Materials of a part: the first nine belong to the scene, `main` and `second` to the piece."""

VARIANTS = ("wooden", "plain", "patterned")
"""The three finishes of every kind of furniture; kind and finish form an object class."""


@dataclass(frozen=True)
class Furniture:
    """One kind of furniture.

    Example:
        >>> FURNITURE["rug"].place
        'flat'

    Attributes:
        segment: Name of its segment in `SEGMENTS`.
        colour: Typical colour.
        size: Typical width, depth and height, in metres.
        place: Position: ``wall`` (its back to a wall), ``free``, ``around`` (at the last table), ``on`` (on top
            of the last table or cabinet), ``hung`` (on a wall), ``ceiling`` or ``flat`` (on the floor).
        saliency: Weight of a visible pixel of it in the image's object class.
        parts: Its parts, one per line.
        lift: Height of its underside above the floor, in metres, if it hangs.
        surface: Whether other pieces are placed on it and chairs around it.
    """

    segment: str
    colour: str
    size: tuple[float, float, float]
    place: str
    saliency: float
    parts: str
    lift: float = 0.0
    surface: bool = False


_LEGS = """box -48 -40 -48 -40 0 90 dark
box 40 48 -48 -40 0 90 dark
box -48 -40 40 48 0 90 dark
box 40 48 40 48 0 90 dark"""

FURNITURE: dict[str, Furniture] = {
    "bed": Furniture("bed", "#b03a48", (1.5, 2.0, 0.95), "wall", 1.0, """box -50 50 -50 -45 0 100 main
box -50 50 -45 50 8 34 main
box -48 48 -45 49 34 52 linen
box -49 49 -12 51 36 55 second
box -38 38 -42 -25 50 62 linen"""),
    "chair": Furniture("chair", "#e08a2e", (0.5, 0.5, 0.95), "around", 1.6, """box -50 50 -50 50 44 52 main
box -50 50 -50 -40 52 100 main
box -48 -38 -48 -38 0 44 dark
box 38 48 -48 -38 0 44 dark
box -48 -38 38 48 0 44 dark
box 38 48 38 48 0 44 dark"""),
    "armchair": Furniture("chair", "#a8622a", (0.85, 0.85, 0.9), "wall", 1.2, """box -50 50 -50 50 6 40 main
box -34 34 -28 48 40 52 second
box -50 50 -50 -26 30 100 main
box -50 -34 -40 50 30 66 main
box 34 50 -40 50 30 66 main"""),
    "stool": Furniture("chair", "#e8c23a", (0.42, 0.42, 0.6), "around", 2.0, """cylinder -50 50 -50 50 84 100 main
cylinder -8 8 -8 8 6 84 dark
cylinder -40 40 -40 40 0 6 dark"""),
    "bench": Furniture("chair", "#7d5a3c", (1.5, 0.4, 0.46), "wall", 1.4, """box -50 50 -50 50 84 100 main
box -46 -38 -44 44 0 84 second
box 38 46 -44 44 0 84 second"""),
    "dining table": Furniture("table", "#8a5a2b", (1.7, 0.95, 0.75), "free", 1.0,
                              "box -50 50 -50 50 90 100 main\n" + _LEGS,
                              surface=True),
    "desk": Furniture("desk", "#c9a66b", (1.4, 0.7, 0.75), "wall", 1.0, """box -50 50 -50 50 92 100 main
box -48 -20 -46 46 0 92 second
box 42 48 -46 46 0 92 main
box -20 42 -48 -42 40 92 main""", surface=True),
    "coffee table": Furniture("table", "#5c3a21", (0.9, 0.9, 0.42), "free", 1.3, """cylinder -50 50 -50 50 84 100 main
cylinder -10 10 -10 10 8 84 second
cylinder -34 34 -34 34 0 8 second""", surface=True),
    "sofa": Furniture("sofa", "#6a4fa3", (2.1, 0.9, 0.85), "wall", 1.0, """box -50 50 -50 50 8 46 main
box -42 -1 -26 48 46 56 second
box 1 42 -26 48 46 56 second
box -50 50 -50 -24 40 100 main
box -50 -42 -44 50 30 70 main
box 42 50 -44 50 30 70 main"""),
    "wardrobe": Furniture("wardrobe", "#8c8f4a", (1.5, 0.6, 2.1), "wall", 0.8, """box -50 50 -50 46 0 100 main
box -48 -1 44 50 5 97 second
box 1 48 44 50 5 97 second
box -6 -4 48 56 40 56 dark
box 4 6 48 56 40 56 dark"""),
    "bookshelf": Furniture("bookshelf", "#4a3b2a", (1.1, 0.35, 1.9), "wall", 0.9, """box -50 50 -50 -40 0 100 main
box -50 -45 -50 50 0 100 main
box 45 50 -50 50 0 100 main
box -46 46 -42 48 0 6 main
box -46 46 -42 48 46 50 main
box -46 46 -42 48 95 100 main
box -44 30 -40 30 6 34 second
box -30 44 -40 24 50 84 second"""),
    "sideboard": Furniture("cabinet", "#b5835a", (1.5, 0.45, 0.8), "wall", 1.0, """box -50 50 -50 44 12 100 main
box -48 -17 42 50 18 94 second
box -15 16 42 50 18 94 second
box 18 48 42 50 18 94 second
box -46 46 -44 38 0 12 dark""", surface=True),
    "nightstand": Furniture("cabinet", "#3f6f8c", (0.5, 0.42, 0.55), "wall", 1.6, """box -50 50 -50 46 10 100 main
box -44 44 44 52 20 52 second
box -44 44 44 52 58 92 second
box -40 40 -40 40 0 10 dark""", surface=True),
    "floor lamp": Furniture("lamp", "#c8b560", (0.42, 0.42, 1.65), "wall", 1.8, """cylinder -40 40 -40 40 0 3 dark
cylinder -5 5 -5 5 3 78 main
cylinder -50 50 -50 50 76 100 glow"""),
    "plant": Furniture("plant", "#a4502c", (0.6, 0.6, 1.1), "wall", 1.4, """cylinder -26 26 -26 26 0 32 main
cylinder -5 5 -5 5 30 60 dark
ball -50 50 -50 50 42 84 leaf
ball -34 22 -22 34 60 100 leaf
ball -6 44 -40 10 54 92 leaf"""),
    "television": Furniture("screen", "#22242c", (1.2, 0.12, 0.7), "hung", 1.4, """box -50 50 -50 40 0 100 main
box -46 46 30 50 7 94 screen""", lift=1.0),
    "monitor": Furniture("screen", "#3a3d4a", (0.62, 0.2, 0.5), "on", 2.0, """box -50 50 -8 14 24 100 main
box -46 46 10 18 30 95 screen
box -6 6 -10 10 4 26 dark
cylinder -30 30 -50 50 0 4 dark"""),
    "bathtub": Furniture("sanitary", "#dfe9ee", (1.7, 0.78, 0.58), "wall", 1.0, """box -50 50 -50 -38 0 100 main
box -50 50 38 50 0 100 main
box -50 -44 -40 40 0 100 main
box 44 50 -40 40 0 100 main
box -46 46 -40 40 0 24 linen"""),
    "toilet": Furniture("sanitary", "#f2f2ea", (0.4, 0.68, 0.8), "wall", 1.6, """box -48 48 -50 -24 44 100 main
cylinder -42 42 -26 50 40 54 second
cylinder -28 28 -20 34 0 42 main"""),
    "sink": Furniture("sanitary", "#9fd3d8", (0.62, 0.5, 0.88), "wall", 1.6, """box -50 50 -50 50 78 100 main
cylinder -36 36 -32 36 98 101 second
cylinder -14 14 -20 16 0 80 main
box -4 4 -44 -30 100 118 dark"""),
    "stove": Furniture("stove", "#6b6f75", (0.62, 0.62, 0.9), "wall", 1.4, """box -50 50 -50 48 0 98 main
box -40 40 46 51 20 66 screen
box -44 44 48 56 74 79 dark
cylinder -38 -8 -30 0 98 101 dark
cylinder 8 38 -30 0 98 101 dark
cylinder -38 -8 10 40 98 101 dark"""),
    "fridge": Furniture("fridge", "#c7ccd4", (0.7, 0.68, 1.8), "wall", 1.1, """box -50 50 -50 44 0 100 main
box -48 48 42 50 4 62 second
box -48 48 42 50 64 98 second
box -42 -36 48 58 34 60 dark
box -42 -36 48 58 66 84 dark"""),
    "washer": Furniture("washer", "#7fa3d1", (0.62, 0.6, 0.86), "wall", 1.4, """box -50 50 -50 46 0 100 main
ball -32 32 36 54 16 72 screen
box -46 46 44 50 82 96 second"""),
    "counter": Furniture("counter", "#4f7f5a", (1.9, 0.62, 0.92), "wall", 0.8, """box -50 50 -50 50 92 100 second
box -49 49 -49 42 8 92 main
box -49 49 -49 30 0 8 dark
box -47 -2 40 46 14 88 main
box 2 47 40 46 14 88 main""", surface=True),
    "picture": Furniture("background", "#d1478c", (0.9, 0.05, 0.7), "hung", 1.4, """box -50 50 -50 30 0 100 dark
box -44 44 20 50 8 92 main
box -18 18 40 56 30 72 second""", lift=1.25),
    "rug": Furniture("background", "#9c2f5f", (2.2, 1.6, 0.02), "flat", 0.7, """box -50 50 -50 50 0 60 second
box -44 44 -42 42 40 100 main"""),
    "window": Furniture("background", "#ffffff", (1.5, 0.08, 1.2), "hung", 0.0, """box -50 50 -50 10 0 100 glass
box -54 54 -50 50 -5 2 linen
box -54 54 -50 50 98 105 linen
box -54 -48 -50 50 0 100 linen
box 48 54 -50 50 0 100 linen
box -3 3 -50 40 0 100 linen""", lift=0.95),
    "door": Furniture("background", "#7a4a21", (0.9, 0.08, 2.05), "hung", 0.0, """box -50 50 -50 20 0 100 main
box -57 -48 -50 50 0 103 second
box 48 57 -50 50 0 103 second
box -57 57 -50 50 98 104 second
box 34 40 15 70 46 52 dark"""),
    "pendant lamp": Furniture("background", "#ffffff", (0.36, 0.36, 0.55), "ceiling", 0.0,
                              """cylinder -3 3 -3 3 40 100 dark
ball -50 50 -50 50 0 62 glow"""),
}  # fmt: skip
"""Kinds of furniture by name; the last three belong to the room and are not object classes."""

_CLASSLESS = ("window", "door", "pendant lamp")
_COUNTED = tuple(name for name in FURNITURE if name not in (*_CLASSLESS, "monitor"))


def object_classes() -> tuple[str, ...]:
    """Names of the 75 object classes: 25 kinds of furniture in 3 finishes each; a monitor is a television.

    Example:
        >>> len(object_classes()), object_classes()[:2]
        (75, ('bed, wooden', 'bed, plain'))
    """
    return tuple(f"{kind}, {variant}" for kind in _COUNTED for variant in VARIANTS)


def class_of_kind() -> NDArray[np.int64]:
    """First object class of each kind in `FURNITURE`, -1 where it has none, of shape (kinds,).

    Example:
        >>> class_of_kind()[:2], class_of_kind()[-3:]
        (array([0, 3]), array([-1, -1, -1]))
    """
    firsts = {kind: len(VARIANTS) * place for place, kind in enumerate(_COUNTED)}
    firsts["monitor"] = firsts["television"]
    return np.array([firsts.get(kind, -1) for kind in FURNITURE])


def parts() -> NDArray[np.float64]:
    """Every kind's parts, of shape (kinds, most parts, 8): shape, x0, x1, y0, y1, z0, z1, material; shape -1 = none.

    Shapes and materials are positions in `SHAPES` and `MATERIALS`; lengths are fractions of the piece's size.

    Example:
        >>> headboard = parts()[0, 0]
        >>> SHAPES[int(headboard[0])], MATERIALS[int(headboard[7])], headboard[1:7].tolist()
        ('box', 'main', [-0.5, 0.5, -0.5, -0.45, 0.0, 1.0])
    """
    rows = [[line.split() for line in kind.parts.splitlines()] for kind in FURNITURE.values()]
    table = np.full((len(rows), max(map(len, rows)), 8), -1.0)
    for kind, lines in enumerate(rows):
        for place, (shape, *bounds, material) in enumerate(lines):
            numbers = [float(bound) / 100 for bound in bounds]
            table[kind, place] = [SHAPES.index(shape), *numbers, MATERIALS.index(material)]
    return table
