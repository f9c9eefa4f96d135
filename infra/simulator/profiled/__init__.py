"""`urbanops profile simulate`: a Modbus server made from a profile alone, for whoever has no device at hand.

It knows of the device what the profile says: where values lie, what they may be, which commands change what. Values
are encoded by this package's own code, never by shared/field/registers.
"""
