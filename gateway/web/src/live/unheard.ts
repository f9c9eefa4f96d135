import type { Health } from '../api/shapes'

type Service = Health['services'][number]

/** Without these, events and trends are missing, but what is wrong in the field is still announced. */
const KEEPERS = new Set(['history', 'gateway'])
/** Checks that fail when a service can keep, and therefore say, nothing. */
const KEEPS_NOTHING = new Set(['database_away', 'disk_full'])

/** Services for whose sake a new alarm may not appear now, each with the check that says so; none when it is stopped. */
export function unheard(services: readonly Service[]): { service: Service; check: Service['checks'][string] | null }[] {
  const found = []
  for (const service of services) {
    if (KEEPERS.has(service.service)) continue
    const check = Object.values(service.checks).find((each) => !each.ok && KEEPS_NOTHING.has(each.code))
    const replaced = services.some((other) => other.service === service.service && other.state === 'running')
    if (service.state === 'running' ? check : !replaced) found.push({ service, check: check ?? null })
  }
  return found
}
