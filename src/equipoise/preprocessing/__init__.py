"""From the user's arrays to tensors and back, without loss."""

from equipoise.preprocessing.encoded import Codec, EncodedRows, decode_in_blocks, moved
from equipoise.preprocessing.images import ImageCodec
from equipoise.preprocessing.tables import TableCodec

__all__ = ["Codec", "EncodedRows", "ImageCodec", "TableCodec", "decode_in_blocks", "moved"]
