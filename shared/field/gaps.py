"""Times of which readings are missing: each is an event with its cause."""

from __future__ import annotations

from shared.bus.emitter import Emitter
from shared.bus.telemetry import Lost
from shared.contracts.field import GapCause, TelemetryGap
from shared.field.image import moment


class Gaps:
    """Those of one trade in this process."""

    def __init__(self, trade: str, emitter: Emitter) -> None:
        self._trade = trade
        self._emitter = emitter

    def tell(
        self,
        area: str,
        cause: GapCause,
        from_s: float,
        to_s: float,
        *,
        controller: str = "",
        asset: str = "",
        batches_lost: int = 0,
    ) -> None:
        """Of one controller, or of the whole area. City time, seconds since the epoch."""
        from_time, to_time = moment(from_s), moment(to_s)
        assert from_time is not None
        assert to_time is not None
        gap = TelemetryGap(
            area=area,
            trade=self._trade,
            cause=cause,
            from_time=from_time,
            to_time=to_time,
            controller=controller,
            asset=asset,
            batches_lost=batches_lost,
        )
        self._emitter.emit([gap])

    def on_telemetry_lost(self, lost: Lost) -> None:
        """Batches that fitted neither into the broker nor into the spool."""
        self.tell(lost.area, lost.cause, lost.from_us / 1e6, lost.to_us / 1e6, batches_lost=lost.batches)
