import type { AlarmItem, LedgerRow, Snapshot } from '../src/api/shapes'

const words = (text: string) => ({ zh: text, en: text })

export function alarm(changes: Partial<AlarmItem> = {}): AlarmItem {
  return {
    id: 'xinhua~level_high',
    area: 'tangshan/lubei/xinhuadao',
    trade: 'flood',
    asset: 'xinhua',
    asset_name: { zh: '新华道地道桥泵站', en: 'Xinhua Road underpass pump station' },
    condition: 'level_high',
    title: { zh: '水位高', en: 'Level high' },
    action: words('look'),
    text: words('3.3 m'),
    state: 'UNACK',
    active: true,
    known: true,
    acknowledged: false,
    latched: false,
    priority: 2,
    params: {},
    occurrence: 1,
    seq: 1,
    raised_at: '2026-07-29T10:00:00Z',
    cleared_at: null,
    acknowledged_at: null,
    acknowledged_by: null,
    comment: null,
    ...changes,
  }
}

export function row(changes: Partial<LedgerRow> = {}): LedgerRow {
  return {
    id: 'c1',
    asset: 'xinhua',
    command: 'pump1_start',
    title: words('start'),
    params: {},
    origin: 'operator',
    actor: 'dispatcher',
    requested_at: '2026-07-29T10:00:00Z',
    state: 'requested',
    reason: null,
    point: null,
    value: null,
    duration_s: null,
    selected_until: null,
    updated_at: '2026-07-29T10:00:00Z',
    ...changes,
  }
}

export function snapshot(changes: Partial<Snapshot> = {}): Snapshot {
  return {
    city_time: '2026-07-29T10:00:00Z',
    rate: 1,
    assets: [
      {
        id: 'xinhua',
        trade: 'flood',
        kind: 'underpass_pump_station',
        area: 'tangshan/lubei/xinhuadao',
        name: words('xinhua'),
        location: { lon: 118.17, lat: 39.63 },
        worst_alarm: null,
        quality: 'good',
        part_of: null,
      },
    ],
    alarms: [],
    health: {
      lost_links: [],
      breakers: { silent: [], closed: 0, unknown: 0 },
      services: [],
      stale_points: 0,
      hidden: { shelved: 0, suppressed: 0, out_of_service: 0 },
      field_to_screen_s: null,
    },
    warnings: [],
    ...changes,
  }
}
