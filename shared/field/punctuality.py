"""Whether a wish came in time: by its deadline, and by a clock that agrees with ours."""

from __future__ import annotations

from shared import errors
from shared.bus.health import SkewMeter
from shared.clock import Clock
from shared.contracts.envelope import Envelope
from shared.contracts.message import Reason


class Punctuality:
    def __init__(self, clock: Clock, skew: SkewMeter) -> None:
        self._clock = clock
        self._skew = skew

    def find_late(self, envelope: Envelope) -> Reason | None:
        """Whoever wished it was told long ago that nobody answers."""
        late_s = (self._clock.now() - envelope.deadline).total_seconds() if envelope.deadline else 0.0
        late = Reason(code="wish_late", params={"late_s": round(late_s, 1)}) if late_s > 0 else None
        return self.find_skew(envelope) or late

    def find_skew(self, envelope: Envelope) -> Reason | None:
        """The sender's clock is too far from ours for its deadline to mean anything."""
        try:
            self._skew.require(envelope.source.split("/")[1])
        except errors.Refused as error:
            return Reason(code=error.code, params=error.params)
        return None
