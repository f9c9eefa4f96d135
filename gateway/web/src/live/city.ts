/** What the browser knows of the city: a snapshot, then folded from the stream. Plain state, pure folding. */
import type {
  Advice,
  AdviceChange,
  AlarmItem,
  AssetChange,
  AssetItem,
  Health,
  LedgerRow,
  LiveReading,
  LogbookEntry,
  RainWarning,
  Snapshot,
} from '../api/shapes'

export interface HeardReading extends LiveReading {
  /** When this browser heard it, in ms of its own monotonic clock. */
  heardMs: number
}

export interface City {
  assets: Map<string, AssetItem>
  alarms: Map<string, AlarmItem>
  readings: Map<string, HeardReading>
  /** Rows of the command ledger heard since the page was opened, by command id. */
  ledger: Map<string, LedgerRow>
  /** Entries of the logbook heard since the page was opened, by id. */
  logbook: Map<string, LogbookEntry>
  advice: Map<string, Advice[]>
  warnings: Map<string, RainWarning>
  health: Health | null
}

export type Change =
  | { kind: 'snapshot'; data: Snapshot }
  | { kind: 'readings'; data: LiveReading[] }
  | { kind: 'alarm'; data: AlarmItem }
  | { kind: 'asset'; data: AssetChange }
  | { kind: 'command'; data: LedgerRow }
  | { kind: 'logbook'; data: LogbookEntry }
  | { kind: 'health'; data: Health }
  | { kind: 'warning'; data: RainWarning }
  | { kind: 'advice'; data: AdviceChange }

const LEDGER_MAX = 500
const LOGBOOK_MAX = 200
const OPEN = new Set<LedgerRow['state']>(['requested', 'selected', 'sending'])

export function emptyCity(): City {
  return {
    assets: new Map(),
    alarms: new Map(),
    readings: new Map(),
    ledger: new Map(),
    logbook: new Map(),
    advice: new Map(),
    warnings: new Map(),
    health: null,
  }
}

export function readingKey(asset: string, point: string): string {
  return `${asset}.${point}`
}

export function fold(city: City, change: Change, nowMs: number): void {
  switch (change.kind) {
    case 'snapshot':
      takeSnapshot(city, change.data)
      break
    case 'readings':
      for (const reading of change.data)
        city.readings.set(readingKey(reading.asset, reading.point), { ...reading, heardMs: nowMs })
      break
    case 'alarm':
      noteAlarm(city, change.data)
      break
    case 'asset': {
      const known = city.assets.get(change.data.id)
      if (known) city.assets.set(known.id, { ...known, ...change.data })
      break
    }
    case 'command':
      noteCommand(city, change.data)
      break
    case 'logbook':
      city.logbook.set(change.data.id, change.data)
      forgetOldest(city.logbook, LOGBOOK_MAX)
      break
    case 'health':
      city.health = change.data
      break
    case 'warning':
      city.warnings.set(change.data.asset, change.data)
      break
    case 'advice':
      city.advice.set(change.data.asset, change.data.advice)
      break
  }
}

/** A later `seq` replaces an earlier one; an alarm that is normal again leaves the list. */
export function noteAlarm(city: City, alarm: AlarmItem): void {
  const known = city.alarms.get(alarm.id)
  if (known && known.seq > alarm.seq) return
  if (alarm.state === 'NORM') city.alarms.delete(alarm.id)
  else city.alarms.set(alarm.id, alarm)
}

/** What has ended stays ended, whatever comes late. */
export function noteCommand(city: City, row: LedgerRow): void {
  const known = city.ledger.get(row.id)
  if (known && !OPEN.has(known.state)) return
  if (known?.state === 'sending' && row.state === 'requested') return
  city.ledger.set(row.id, row)
  forgetOldest(city.ledger, LEDGER_MAX)
}

function forgetOldest<T>(heard: Map<string, T>, max: number): void {
  for (const oldest of heard.keys()) {
    if (heard.size <= max) break
    heard.delete(oldest)
  }
}

/** Begin again: what is not in the snapshot is no more. Readings stay; each tells how good it is. */
function takeSnapshot(city: City, snapshot: Snapshot): void {
  city.assets = new Map(snapshot.assets.map((asset) => [asset.id, asset]))
  city.alarms = new Map(snapshot.alarms.map((alarm) => [alarm.id, alarm]))
  city.warnings = new Map(snapshot.warnings.map((warning) => [warning.asset, warning]))
  city.health = snapshot.health
}
