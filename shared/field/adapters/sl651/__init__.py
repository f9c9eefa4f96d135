"""SL 651-2014, hydrological telemetry in HEX/BCD coding: frames, the stream they come in, and the reports they carry.

Pure: no sockets, no clock. The ASCII coding, pictures, and messages of several packets are not read.
"""

from shared.field.adapters.sl651.frame import Frame, acknowledgement, decode_frame, encode_frame
from shared.field.adapters.sl651.report import Report, Value, decode_report
from shared.field.adapters.sl651.stream import FrameStream

__all__ = [
    "Frame",
    "FrameStream",
    "Report",
    "Value",
    "acknowledgement",
    "decode_frame",
    "decode_report",
    "encode_frame",
]
