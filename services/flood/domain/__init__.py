"""The trade of flood control. Pure: frozen state in, decisions out; no I/O, clock, randomness, logging or ids."""
