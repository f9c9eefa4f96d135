/** Send a command; its row is in the ledger at once, as what it is: requested, and no more. */
import { ask, client, newKey } from '../api/client'
import type { CommandOffer, LedgerRow } from '../api/shapes'
import { cityNow } from '../live/clock'
import { rememberCommand } from '../live/store'
import { session } from '../session'

export async function operate(
  asset: string,
  command: CommandOffer,
  params: Record<string, number | null>,
  reason: string,
): Promise<void> {
  const body = { asset, command: command.name, params, reason }
  const { id } = await ask(
    client.POST('/api/commands', { params: { header: { 'Idempotency-Key': newKey() } }, body }),
  )
  const now = new Date(cityNow.value).toISOString()
  rememberCommand({
    id,
    asset,
    command: command.name,
    title: command.title,
    params,
    origin: 'operator',
    actor: session.me?.username ?? '',
    requested_at: now,
    state: 'requested',
    reason: null,
    point: null,
    value: null,
    duration_s: null,
    selected_until: null,
    updated_at: now,
  })
}

/** Carry out a command that this account has selected. Throws Failure. */
export async function approve(row: LedgerRow): Promise<void> {
  await ask(client.POST('/api/commands/{command}/approve', { params: { path: { command: row.id } } }))
}

/** Withdraw a command that is not on the wire yet. Throws Failure. */
export async function cancel(row: LedgerRow): Promise<void> {
  await ask(client.POST('/api/commands/{command}/cancel', { params: { path: { command: row.id } } }))
}
