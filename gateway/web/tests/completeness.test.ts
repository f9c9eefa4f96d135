import { describe, expect, it } from 'vitest'
import { gradeOf, later, mean, percent } from '../src/completeness/days'

const day = (good: number | null) => ({ good, count: 0, missing: [] })

describe('a day', () => {
  it.each([
    [null, 'future', '–'],
    [1, 'whole', '100'],
    [0.99995, 'whole', '99.9'],
    [0.997, 'nearly', '99.7'],
    [0.9499, 'part', '94'],
    [0.004, 'little', '0'],
    [0, 'nothing', '0'],
  ])('of which %s is known is %s and shows %s', (good, grade, text) => {
    expect(gradeOf(day(good))).toBe(grade)
    expect(percent(good)).toBe(text)
  })

  it('lies so many days behind another', () => {
    expect(later('2026-02-27', 2)).toBe('2026-03-01')
    expect(later('2026-01-01', -1)).toBe('2025-12-31')
  })

  it('is as whole as its points are on the average', () => {
    expect(mean([day(1), day(0.5), day(null)])).toBe(0.75)
    expect(mean([day(null)])).toBeNull()
  })
})
