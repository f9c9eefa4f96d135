/** Values with their units, as they are written on the screens. */
import type { Language, Reading, Scalar } from '../api/shapes'

const UNITS: Readonly<Record<string, string>> = {
  Cel: '°C',
  'm3/s': 'm³/s',
  m3: 'm³',
  '1/h': '/h',
  'kW.h': 'kW·h',
}

export function unitText(unit: string): string {
  return UNITS[unit] ?? unit
}

const DIGITS: Readonly<Record<string, number>> = { m: 2, 'm3/s': 2, 'm/h': 2, mm: 1, h: 1, V: 1, A: 0, Cel: 1, min: 0, s: 0, '%': 0 }

/** A number with as many digits as its unit deserves; what is not known is '?'. */
export function numberText(value: number, unit: string): string {
  const digits = DIGITS[unit]
  if (digits !== undefined) return value.toFixed(digits)
  return Number.isInteger(value) ? String(value) : value.toFixed(2)
}

export function valueText(value: Scalar, unit: string, labels: Reading['labels'], language: Language): string {
  if (value === null || value === undefined) return '?'
  const label = labels?.[String(Number(value))]
  if (label && typeof value !== 'string') return label[language]
  if (typeof value === 'number') return numberText(value, unit)
  if (typeof value === 'boolean') return value ? '1' : '0'
  return value
}

/** Only good readings count as known; the screens hatch the others. */
export function isKnown(quality: string): boolean {
  return quality.startsWith('good')
}

/** Set by a person: a value in the place of the sensor's, or a sensor out of service. */
export function isMarked(quality: string): boolean {
  return quality === 'good.manual' || quality === 'bad.disabled'
}
