/** The pumps of a station, gathered from its readings. */
import type { AssetDetail, Reading } from '../api/shapes'
import { isKnown } from '../format/value'

export interface Pump {
  number: number
  running: boolean | null
  /** Seconds since it started or stopped; null when not known. */
  forS: number | null
  fault: boolean | null
  faultCode: Reading | undefined
  current: Reading | undefined
  hours: Reading | undefined
  startsThisHour: number | null
  remote: boolean | null
  ready: boolean | null
  inGroup: boolean | null
}

const TOLD_LONG_S = 3600

export function listPumps(readings: ReadonlyMap<string, Reading>): Pump[] {
  const pumps: Pump[] = []
  for (let number = 1; readings.has(`pump${number}_running`); number += 1) {
    const of = (name: string): Reading | undefined => readings.get(`pump${number}_${name}`)
    const running = truth(of('running'))
    pumps.push({
      number,
      running,
      forS: running === null ? null : amount(of(running ? 'on_for' : 'off_for')),
      fault: truth(of('fault')),
      faultCode: of('fault_code'),
      current: of('current'),
      hours: of('hours'),
      startsThisHour: amount(of('starts_1h')),
      remote: truth(of('remote')),
      ready: truth(of('ready')),
      inGroup: truth(of('in_group')),
    })
  }
  return pumps
}

/** From an hour on, how long is not counted any more. */
export const isLong = (seconds: number): boolean => seconds >= TOLD_LONG_S

export function truth(reading: Reading | undefined): boolean | null {
  return reading && isKnown(reading.quality) && typeof reading.value === 'boolean' ? reading.value : null
}

export function amount(reading: Reading | undefined): number | null {
  return reading && isKnown(reading.quality) && typeof reading.value === 'number' ? reading.value : null
}

export interface PumpDetails {
  starts: number[]
  stops: number[]
  overflow: number | null
  startsPerHourMax: number | null
}

/** What the site file says of the station; empty where it says nothing. */
export function readDetails(detail: AssetDetail | null): PumpDetails {
  const told = detail?.details ?? {}
  const group = told.group as { starts_per_hour_max?: unknown } | undefined
  return {
    starts: numbers(told.start_levels_m),
    stops: numbers(told.stop_levels_m),
    overflow: typeof told.overflow_level_m === 'number' ? told.overflow_level_m : null,
    startsPerHourMax: typeof group?.starts_per_hour_max === 'number' ? group.starts_per_hour_max : null,
  }
}

function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((each): each is number => typeof each === 'number') : []
}
