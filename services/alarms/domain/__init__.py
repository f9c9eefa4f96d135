"""An alarm as ISA-18.2 and IEC 62682 mean it. Pure: no I/O, no clock, no ids."""
