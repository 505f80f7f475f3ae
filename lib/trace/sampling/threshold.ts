// Thresholds and randomness of probability sampling: 56 bits each, as 14 hexadecimal digits that compare as text
// (OpenTelemetry, "TraceState: Probability Sampling"). A record is kept where its randomness is not below the threshold.

/** 14 lower-case hexadecimal digits, or NEVER. */
export type Threshold = string

export const ALWAYS: Threshold = '00000000000000'
/** Above every randomness: digits end at f. */
export const NEVER: Threshold = 'never'

const DIGITS = 14
const RANGE = 1n << 56n
/** The smallest probability that is not 0. */
export const SMALLEST = 2 ** -56

/**
 * The threshold that keeps a share of all traces.
 * @param probability 0 to 1; what is too small for a threshold is NEVER
 * @param precision digits that count, beside those at the start that are all 0 or all f
 */
export function thresholdOf(probability: number, precision: number): Threshold {
  if (!(probability >= SMALLEST)) return NEVER
  if (probability >= 1) return ALWAYS
  const digits = Math.min(DIGITS, precision + Math.max(leading(probability), leading(1 - probability)))
  let threshold = RANGE - BigInt(Math.round(probability * 2 ** 56))
  if (digits < DIGITS) {
    const shift = BigInt(4 * (DIGITS - digits))
    threshold = ((threshold + (1n << (shift - 1n))) >> shift) << shift
  }
  return threshold >= RANGE ? NEVER : threshold.toString(16).padStart(DIGITS, '0')
}

/** Hexadecimal digits of a fraction that are 0 before others come. */
function leading(fraction: number): number {
  let digits = 0
  for (let rest = fraction; rest < 1 / 16; rest *= 16) digits++
  return digits
}

export function probabilityOf(threshold: Threshold): number {
  return threshold === NEVER ? 0 : Number(RANGE - BigInt(`0x${threshold}`)) / 2 ** 56
}

/** As it stands behind `th:`, without zeros at the end. */
export function thresholdText(threshold: Threshold): string {
  return threshold.replace(/0+$/, '') || '0'
}

/** From what stands behind `th:`; null if that is none. */
export function parseThreshold(text: string): Threshold | null {
  return /^[0-9a-fA-F]{1,14}$/.test(text) ? text.toLowerCase().padEnd(DIGITS, '0') : null
}

/** From what stands behind `rv:`; null if that is none. */
export function parseRandomness(text: string): string | null {
  return /^[0-9a-fA-F]{14}$/.test(text) ? text.toLowerCase() : null
}

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/

/** A valid trace id, in lower case; null where there is none. */
export function traceIdOf(value: unknown): string | null {
  if (typeof value !== 'string') return null
  if (TRACE_ID.test(value)) return value
  const lower = value.toLowerCase()
  return TRACE_ID.test(lower) ? lower : null
}

/** The last 56 bits of a trace id, which are random (W3C Trace Context Level 2). */
export function randomnessOf(traceId: string): string {
  return traceId.slice(18)
}
