/** From longitude and latitude to pixels: an equirectangular picture at the city's latitude, true to shape. */
export type LonLat = readonly [number, number]
export type Point = readonly [number, number]

export interface Projection {
  (at: LonLat): Point
}

/** What is kept free at the edges of a frame, px. */
export interface Margins {
  side: number
  top: number
  bottom: number
}

/** Fit `shapes` into a frame of width x height pixels. */
export function fit(shapes: readonly (readonly LonLat[])[], width: number, height: number, margins: Margins): Projection {
  const all = shapes.flat()
  if (all.length === 0) return () => [width / 2, height / 2]
  const lons = all.map(([lon]) => lon)
  const lats = all.map(([, lat]) => lat)
  const [west, east, south, north] = [Math.min(...lons), Math.max(...lons), Math.min(...lats), Math.max(...lats)]
  const squeeze = Math.cos((((south + north) / 2) * Math.PI) / 180)
  const spanX = Math.max((east - west) * squeeze, 1e-9)
  const spanY = Math.max(north - south, 1e-9)
  const scale = Math.max(1, Math.min((width - 2 * margins.side) / spanX, (height - margins.top - margins.bottom) / spanY))
  const left = (width - spanX * scale) / 2
  const top = margins.top + (height - margins.top - margins.bottom - spanY * scale) / 2
  return ([lon, lat]) => [left + (lon - west) * squeeze * scale, top + (north - lat) * scale]
}

export function path(points: readonly LonLat[], project: Projection, closed: boolean): string {
  const drawn = points.map((at, index) => {
    const [x, y] = project(at)
    return `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`
  })
  return drawn.join('') + (closed ? 'Z' : '')
}

export function centre(points: readonly LonLat[]): LonLat {
  const sum = points.reduce<[number, number]>(([lon, lat], at) => [lon + at[0], lat + at[1]], [0, 0])
  return [sum[0] / points.length, sum[1] / points.length]
}
