/** The limits of several points: those that have the same ones, on the same scale, are labelled once. Pure. */
export interface Limited {
  scale: string
  colour: string
  limits: Readonly<Record<string, number | null | undefined>>
}

export interface LimitGroup {
  scale: string
  /** Of the points that share them. */
  colours: string[]
  limits: { name: string; value: number }[]
}

export function limitsOf(points: readonly Limited[]): LimitGroup[] {
  const groups = new Map<string, LimitGroup>()
  for (const { scale, colour, limits } of points) {
    const found = Object.entries(limits).flatMap(([name, value]) => (typeof value === 'number' ? [{ name, value }] : []))
    const key = JSON.stringify([scale, found])
    const known = groups.get(key)
    if (known) known.colours.push(colour)
    else groups.set(key, { scale, colours: [colour], limits: found })
  }
  return [...groups.values()]
}
