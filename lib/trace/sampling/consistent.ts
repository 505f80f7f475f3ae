// Probability sampling that is consistent: whoever samples a trace anywhere by the same randomness keeps the same traces, and
// the probability travels with what is kept, so that it can be counted back (OpenTelemetry, "TraceState: Probability
// Sampling"; the modes are those of the Collector's probabilistic sampler).

import { getLabel } from '../../record/labels.js'
import type { Payload, Record } from '../../record/record.js'
import { attributeOf, bytesOfAttribute, numberOfAttribute, withAttributes } from './attribute.js'
import { hashedRandomness } from './hash.js'
import {
  ALWAYS, NEVER, parseRandomness, parseThreshold, probabilityOf, randomnessOf, SMALLEST, type Threshold, thresholdOf,
  thresholdText, traceIdOf,
} from './threshold.js'
import { parseTraceState, type TraceState, traceStateText } from './trace_state.js'

export const MODES = ['proportional', 'equalizing', 'hash_seed'] as const

export interface SamplingOptions {
  /** 0 to 1. */
  readonly probability: number
  readonly mode: (typeof MODES)[number]
  readonly seed: number
  /** Hexadecimal digits of thresholds. */
  readonly precision: number
  /** Keeps what nothing can be decided about. */
  readonly failOpen: boolean
  /** Attribute of log entries whose value decides instead of the trace id. */
  readonly from?: string
  /** Attribute of log entries with a probability of their own, in percent. */
  readonly priority?: string
}

/** Why a record was dropped. */
export type DropReason =
  | 'not_sampled' | 'sampling_priority' | 'missing_randomness' | 'inconsistent_threshold' | 'bad_sampling_state'
  | 'randomness_in_use'

/** What a record says about sampling; null where it says it wrongly. */
type Carried = Pick<TraceState, 'randomness' | 'threshold'> | null

/** What is known about one record before it is decided. */
interface Known {
  readonly carried: Carried
  readonly randomness: string | null
  readonly fault: DropReason | null
}

/** What becomes of it: the threshold to be kept with it (null: none), and randomness to be added. */
interface Kept {
  readonly threshold: Threshold | null
  readonly randomness: string | null
}

const BUCKETS = 1 << 14

export class ConsistentSampler {
  readonly #fixed: Threshold
  /** In the mode `proportional`: by the threshold that a record came with. */
  readonly #products = new Map<Threshold, Threshold>()

  constructor(private readonly options: SamplingOptions) {
    const { probability, mode, precision } = options
    this.#fixed = mode === 'hash_seed' ? bucketThreshold(probability) : thresholdOf(atLeast(probability), precision)
  }

  /** The record as it goes on, or why it does not. */
  sample(record: Record): Record | DropReason {
    return record.identity.type === 'span' ? this.#span(record) : this.#log(record)
  }

  #span(record: Record): Record | DropReason {
    const { payload } = record
    const priority = priorityOf(payload)
    if (priority === 0) return 'sampling_priority'
    const text = typeof payload.trace_state === 'string' ? payload.trace_state : ''
    const state = parseTraceState(text)
    const id = traceIdOf(payload.trace_id)
    const known = this.#known(state, id === null ? null : this.#randomness(id))
    const kept = this.#decide(known, priority === null ? null : ALWAYS)
    if (typeof kept === 'string') return kept
    if (state === null) return record
    const changed = traceStateText({ ...state, ...kept })
    return changed === text ? record : { identity: record.identity, payload: { ...payload, trace_state: changed } }
  }

  #log(record: Record): Record | DropReason {
    const { payload } = record
    const carried = carriedByLog(payload)
    const known = this.#known(carried, this.#randomnessOfLog(record))
    const kept = this.#decide(known, this.#priorityOfLog(payload))
    if (typeof kept === 'string') return kept
    if (carried === null || (kept.randomness === carried.randomness && kept.threshold === carried.threshold)) return record
    const { randomness, threshold } = kept
    const set = {
      ...(randomness !== null && { 'sampling.randomness': randomness }),
      'sampling.threshold': threshold === null ? null : thresholdText(threshold),
    }
    return { identity: record.identity, payload: withAttributes(payload, set) }
  }

  #randomness(traceId: string): string {
    const { mode, seed } = this.options
    return mode === 'hash_seed' ? hashedRandomness(Buffer.from(traceId, 'hex'), seed) : randomnessOf(traceId)
  }

  #randomnessOfLog({ identity, payload }: Record): string | null {
    const { from, seed } = this.options
    if (from !== undefined) {
      const value = attributeOf(payload.attributes, from) ?? (getLabel(identity.labels, from) || undefined)
      if (value !== undefined && value !== null) return hashedRandomness(bytesOfAttribute(value), seed)
    }
    const id = traceIdOf(payload.trace_id)
    return id === null ? null : this.#randomness(id)
  }

  #priorityOfLog(payload: Payload): Threshold | null {
    const { priority, precision } = this.options
    if (priority === undefined) return null
    const percent = numberOfAttribute(attributeOf(payload.attributes, priority))
    return percent === undefined || !(percent > 0) ? null : thresholdOf(percent / 100, precision)
  }

  /** @param own the randomness that the record has without saying so */
  #known(carried: Carried, own: string | null): Known {
    if (carried === null) return { carried, randomness: own, fault: 'bad_sampling_state' }
    if (this.options.mode === 'hash_seed') {
      const inUse = carried.randomness !== null || carried.threshold !== null
      return { carried, randomness: own, fault: inUse ? 'randomness_in_use' : own === null ? 'missing_randomness' : null }
    }
    const randomness = carried.randomness ?? own
    if (randomness === null) return { carried, randomness, fault: 'missing_randomness' }
    const consistent = carried.threshold === null || randomness >= carried.threshold
    return { carried, randomness, fault: consistent ? null : 'inconsistent_threshold' }
  }

  /** @param least a threshold that counts where it keeps more */
  #decide({ carried, randomness, fault }: Known, least: Threshold | null): Kept | DropReason {
    const { mode, failOpen } = this.options
    let threshold = fault === null ? this.#threshold(carried!.threshold) : failOpen ? ALWAYS : NEVER
    if (least !== null && least < threshold) threshold = least
    const sampled = threshold === ALWAYS || (randomness !== null && randomness >= threshold)
    if (!sampled) return fault ?? 'not_sampled'
    if (fault !== null) return this.#faulty(carried, fault)
    const before = carried!.threshold
    // What was sampled more thinly before stays that thin.
    const kept = before !== null && before > threshold ? before : threshold
    return { threshold: kept, randomness: mode === 'hash_seed' ? randomness : carried!.randomness }
  }

  /** What is kept though nothing is known says nothing that may be wrong. */
  #faulty(carried: Carried, fault: DropReason): Kept {
    const threshold = fault === 'inconsistent_threshold' ? null : (carried?.threshold ?? null)
    return { threshold, randomness: carried?.randomness ?? null }
  }

  #threshold(before: Threshold | null): Threshold {
    const { probability, mode, precision } = this.options
    if (before === null || mode !== 'proportional') return this.#fixed
    let product = this.#products.get(before)
    if (product === undefined) {
      if (this.#products.size >= 1024) this.#products.clear()
      this.#products.set(before, (product = thresholdOf(probabilityOf(before) * probability, precision)))
    }
    return product
  }
}

/** What is above 0 keeps something. */
function atLeast(probability: number): number {
  return probability > 0 ? Math.max(SMALLEST, probability) : 0
}

/** In steps of 1/16384, with the rounding of 32-bit floats that the Collector has. */
function bucketThreshold(probability: number): Threshold {
  const percent = Math.fround(Math.min(1, probability) * 100)
  const buckets = Math.trunc(Math.fround(percent * Math.fround(BUCKETS / 100)))
  return thresholdOf(buckets / BUCKETS, 14)
}

/** `sampling.priority` of OpenTracing: 0 is not to be sampled, what is above is; null where nothing is said. */
function priorityOf(payload: Payload): number | null {
  const value = attributeOf(payload.attributes, 'sampling.priority')
  if (value === undefined) return null
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : numberOfAttribute(value)
  return number !== undefined && number >= 0 ? number : null
}

function carriedByLog({ attributes }: Payload): Carried {
  const said = (key: string, parse: (text: string) => string | null): string | null | undefined => {
    const value = attributeOf(attributes, key)
    return typeof value !== 'string' || value === '' ? null : (parse(value) ?? undefined)
  }
  const randomness = said('sampling.randomness', parseRandomness)
  const threshold = said('sampling.threshold', parseThreshold)
  return randomness === undefined || threshold === undefined ? null : { randomness, threshold }
}
