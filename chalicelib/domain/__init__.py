"""What Topeka knows and decides, as plain values: no AWS, no clock, no environment, no logging.

Times are integers, milliseconds since 1970-01-01T00:00:00Z; durations are milliseconds too.
"""
