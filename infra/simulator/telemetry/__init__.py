"""A hydrological station that reports by itself, SL 651-2014 over TCP, with an encoding of its own."""
