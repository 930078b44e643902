"""The wire format: one protobuf message in each UDP datagram and each frame of a stream (SWIM §3.1,
§4.1; Lifeguard §IV-A). Start at ``messages``.
"""
