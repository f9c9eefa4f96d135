"""Field controllers as they behave: pure, in engineering units, moved by `step(dt_s, ...)`; registers stand beside."""
