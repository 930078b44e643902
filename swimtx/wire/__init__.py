"""The wire: one UDP datagram, or one frame of a stream, is one protobuf message."""
