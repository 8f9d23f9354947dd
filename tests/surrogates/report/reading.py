"""Reads a page as the browser does, in Python."""

import base64
import gzip
import json
import re
from typing import Any

import numpy as np


def page_data(page: str) -> dict[str, Any]:
    """The JSON of a page, with its arrays."""
    (text,) = re.findall(r'<script type="text/plain" id="data">([^<]*)</script>', page)
    content = gzip.decompress(base64.b64decode(text))
    length = int.from_bytes(content[:8], "little")
    head: dict[str, Any] = json.loads(content[8 : 8 + length])
    head["arrays"] = {
        name: np.frombuffer(content, dtype=np.dtype(kind).newbyteorder("<"), count=size, offset=8 + length + offset)
        for name, (kind, offset, size) in head["arrays"].items()
    }
    return head
