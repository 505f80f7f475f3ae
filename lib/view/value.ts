// Numbers with their units, for people.

export type Unit = 'bytes' | 'seconds' | 'ratio' | 'date' | 'other' | 'none'

/** What a metric's value counts: from its unit where it tells one, else from how its name ends (OpenMetrics). */
export function unitOf(name: string, unit: string): Unit {
  if (unit === 'bytes' || unit === 'By') return 'bytes'
  if (unit === 'seconds' || unit === 's') return 'seconds'
  if (unit === 'ratio') return 'ratio'
  if (unit !== '') return 'other'
  if (/(?:timestamp|boot_time|start_time)_seconds$|_created$/.test(name)) return 'date'
  if (/_(?:count|bucket|info)$/.test(name)) return 'none'
  const word = /_(bytes|seconds|ratio)(?:_total|_sum|_max|_min)?$/.exec(name)?.[1]
  return (word as Unit | undefined) ?? 'none'
}

const BYTES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']

/** Bytes in powers of 1024. */
export function bytesText(value: number): string {
  let scaled = value
  let power = 0
  while (Math.abs(scaled) >= 1024 && power < BYTES.length - 1) {
    scaled /= 1024
    power++
  }
  return `${numberText(scaled, 4)} ${BYTES[power]}`
}

/** Seconds, or the smaller unit that leaves a number above one. */
export function secondsText(value: number): string {
  const size = Math.abs(value)
  if (size === 0 || size >= 1) return `${numberText(value, 6)} s`
  if (size >= 1e-3) return `${numberText(value * 1e3, 4)} ms`
  if (size >= 1e-6) return `${numberText(value * 1e6, 4)} µs`
  return `${numberText(value * 1e9, 4)} ns`
}

/** Whole numbers in full, others to so many digits. */
export function numberText(value: number, digits = 6): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (Number.isInteger(value)) return Object.is(value, -0) ? '-0' : String(value)
  return String(Number(value.toPrecision(digits)))
}

/** Seconds since 1970 that are likely meant as a time: 1973 to 2286. */
function isDate(seconds: number): boolean {
  return seconds > 1e8 && seconds < 1e10
}

/** @param unit of the metric, for units that are only repeated */
export function valueText(value: number, kind: Unit, unit: string): string {
  if (!Number.isFinite(value)) return numberText(value)
  switch (kind) {
    case 'bytes':
      return bytesText(value)
    case 'seconds':
      return secondsText(value)
    case 'ratio':
      return `${numberText(value * 100, 4)} %`
    case 'date':
      return isDate(value) ? new Date(value * 1000).toISOString().slice(0, 19) + 'Z' : secondsText(value)
    case 'other':
      return `${numberText(value)} ${unit}`
    default:
      return numberText(value)
  }
}
