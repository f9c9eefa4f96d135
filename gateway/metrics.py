"""What a monitoring system reads: Prometheus text at /metrics."""

from __future__ import annotations

from collections import Counter as Counted
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from gateway.live.hub import Hub
from gateway.views.alarms import AlarmView
from gateway.views.city import CityView
from gateway.views.health import HealthView

_STATES = {"probing": 1.0, "open": 2.0}


class Metrics:
    """A registry of its own, so that two gateways in one process (as in tests) do not meet."""

    def __init__(self, city: CityView, alarms: AlarmView, health: HealthView, hub: Hub) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Standing(city, alarms, health, hub))
        self.requests = Counter(
            "urbanops_http_requests_total", "Answered requests", ["method", "status"], registry=self._registry
        )
        self.duration_s = Histogram(
            "urbanops_http_request_seconds",
            "Time to answer",
            buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
            registry=self._registry,
        )

    def text(self) -> bytes:
        return generate_latest(self._registry)


class _Standing:
    """Gauges that are looked up when they are asked for."""

    def __init__(self, city: CityView, alarms: AlarmView, health: HealthView, hub: Hub) -> None:
        self._city, self._alarms, self._health, self._hub = city, alarms, health, hub

    def collect(self) -> Iterator[Metric]:
        alarms = GaugeMetricFamily("urbanops_alarms", "Standing alarms", labels=["priority", "state"])
        counts = Counted((str(alarm.priority), str(alarm.state)) for alarm in self._alarms.standing())
        for key, count in sorted(counts.items()):
            alarms.add_metric(key, count)
        yield alarms
        online = GaugeMetricFamily("urbanops_controller_online", "1 while it answers", labels=["controller"])
        for entry in self._city.site.controllers:
            online.add_metric([entry.id], float(self._city.is_online(entry.id)))
        yield online
        yield from self._breakers()
        running = GaugeMetricFamily(
            "urbanops_service_running", "1 while its heart beats", labels=["service", "instance"]
        )
        for health in self._health.services():
            running.add_metric([health.heartbeat.service, health.heartbeat.instance], float(health.running))
        yield running
        yield self._polls()
        yield GaugeMetricFamily("urbanops_stale_points", "Points too old to be believed", self._city.count_stale())
        yield GaugeMetricFamily("urbanops_live_clients", "Browsers on the live stream", self._hub.clients)
        yield GaugeMetricFamily("urbanops_live_clients_dropped", "Slow browsers dropped", self._hub.dropped_total)

    def _polls(self) -> Metric:
        labels = ["service", "instance", "outcome"]
        polls = CounterMetricFamily("urbanops_polls", "Polls of controllers by what came of them", labels=labels)
        for beat in (health.heartbeat for health in self._health.services()):
            if beat.service not in self._trades():
                continue
            outcomes = {
                "answered": beat.polls.polls - beat.polls.failed,
                "failed": beat.polls.failed,
                "late": beat.polls.late,
                "withheld": beat.polls.withheld,
            }
            for outcome, count in outcomes.items():
                polls.add_metric([beat.service, beat.instance, outcome], count)
        return polls

    def _trades(self) -> set[str]:
        """The services that poll controllers."""
        return {asset.trade for asset in self._city.site.assets}

    def _breakers(self) -> Iterator[Metric]:
        """Of a controller whose service is away nothing is told: nobody knows how it is polled."""
        labels = ["controller", "line", "unit"]
        state = GaugeMetricFamily(
            "urbanops_breaker_state",
            "0 polled as planned, 1 probed now, 2 waits for its next probe",
            labels=labels,
        )
        since = GaugeMetricFamily(
            "urbanops_breaker_since_timestamp_seconds", "City time at which it fell silent", labels=labels
        )
        probe = GaugeMetricFamily(
            "urbanops_breaker_next_probe_timestamp_seconds", "City time of its next probe", labels=labels
        )
        site, silent, polled = self._city.site, self._health.silent(), self._health.polled(self._city)
        for entry in site.controllers:
            key, told = [entry.id, entry.line, entry.place], silent.get(entry.id)
            if entry.id in polled:
                state.add_metric(key, 0.0)
            elif told is not None:
                state.add_metric(key, _STATES[told.state])
                since.add_metric(key, told.since.timestamp())
                probe.add_metric(key, told.next_probe.timestamp())
        yield from (state, since, probe)
        count = GaugeMetricFamily("urbanops_silent_controllers", "Controllers that do not answer", labels=["service"])
        for service, polling in sorted(self._health.polling().items()):
            if service in self._trades():
                count.add_metric([service], polling.silent)
        yield count
