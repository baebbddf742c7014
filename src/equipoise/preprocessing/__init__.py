"""From the user's arrays to tensors and back, without loss."""

from equipoise.preprocessing.encoded import Codec, EncodedRows, moved
from equipoise.preprocessing.images import ImageCodec
from equipoise.preprocessing.tables import TableCodec

__all__ = ["Codec", "EncodedRows", "ImageCodec", "TableCodec", "moved"]
