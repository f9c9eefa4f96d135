/** Which readings a page shows first, which fold away, and which are no matter of a dispatcher's. */
import type { AssetDetail, Reading } from '../api/shapes'

const PRIMARY = ['level_wet_well', 'road_depth', 'level', 'gate_position', 'rain_1h']
const SHOWN_ELSEWHERE = /^(pump\d+_|control_mode$|time_to_overflow$|warning_stage$)/
const WIRING = /(_pulse$|^heartbeat$|^station_code$|^map_version$|^master_watchdog$)/

export interface Layout {
  primary: Reading | null
  other: Reading[]
  /** Settings of the device and the like. */
  folded: Reading[]
}

export function arrange(detail: AssetDetail, readings: ReadonlyMap<string, Reading>): Layout {
  const all = [...readings.values()]
  const primary = PRIMARY.map((name) => readings.get(name)).find((reading) => reading !== undefined) ?? null
  const rest = all.filter((reading) => reading !== primary && !SHOWN_ELSEWHERE.test(reading.point) && !isAbsent(detail, reading))
  const folds = (reading: Reading): boolean =>
    reading.kind === 'setpoint' || reading.kind === 'identity' || WIRING.test(reading.point)
  return { primary, other: rest.filter((reading) => !folds(reading)), folded: rest.filter(folds) }
}

/** An RTU of the common map tells of a gate even where none was built. */
function isAbsent(detail: AssetDetail, reading: Reading): boolean {
  return detail.kind === 'underpass_pump_station' && reading.point.startsWith('gate_')
}
