// The series `target_info`, which holds what a resource says of itself beside its name.

import { canonical } from '../../record/json.js'
import { nanosOfMillis } from '../../record/time.js'
import { Identity } from '../../record/identity.js'
import { NO_LABELS } from '../../record/labels.js'
import type { Record } from '../../record/record.js'
import type { JsonMap } from '../../wire/otlp/value.js'
import { type LabelSettings, seriesLabels } from './labels.js'

const NAME = 'target_info'
/** Attributes that are in `job` and `instance` already. */
const IDENTIFYING = ['service.namespace', 'service.name', 'service.instance.id']
const NONE: ReadonlySet<string> = new Set()
/** Samples for one resource of one request: times may be anything. */
const MAX_SAMPLES = 1000n
/** Where nothing else is said, PromQL looks back so far, milliseconds. */
const LOOKBACK = 5 * 60_000

export interface TargetInfoSettings {
  namespace: string
  keep_identifying_resource_attributes: boolean
  disable_target_info: boolean
  /** 0: the default of Prometheus. */
  lookback_delta_ms: number
  /** Resources of a stream that are remembered. */
  max_series: number
}

export class TargetInfo {
  readonly #labels: LabelSettings
  readonly #family: Identity
  readonly #every: bigint
  #earliest: bigint | null = null
  #latest = 0n
  /** Series and times that a request has told already. */
  readonly #told = new Set<string>()
  /** Resources of a stream: their series, null for those without, and when it was told last. */
  readonly #streams = new Map<string, { identity: Identity | null; last: bigint | null }>()

  constructor(
    private readonly settings: TargetInfoSettings,
    labels: LabelSettings,
  ) {
    // All attributes are in it anyway.
    this.#labels = {
      ...labels,
      promote_resource_attributes: NONE,
      promote_all_resource_attributes: false,
      promote_scope_metadata: false,
    }
    const name = settings.namespace === '' ? NAME : `${settings.namespace}_${NAME}`
    this.#family = Identity.of('metadata', name, NO_LABELS, { kind: 'gauge', unit: '', help: 'Target metadata' })
    this.#every = BigInt(nanosOfMillis(settings.lookback_delta_ms || LOOKBACK)) / 2n
  }

  /** A sample of the resource has this time. */
  see(ts: string): void {
    const time = BigInt(ts)
    if (this.#earliest === null || time < this.#earliest) this.#earliest = time
    if (time > this.#latest) this.#latest = time
  }

  /** Its samples for the time in which the resource was seen, so dense that a query finds one everywhere in it. */
  tell(resource: JsonMap, warn: (text: string) => void): (Record & { family: Identity })[] {
    const latest = this.#latest
    const first = latest - MAX_SAMPLES * this.#every
    const earliest = this.#earliest === null || this.#earliest < first ? first : this.#earliest
    if (earliest === first) warn(`${this.#family.name}: only the last ${MAX_SAMPLES} samples of a resource are told`)
    this.#earliest = null
    this.#latest = 0n
    const identity = this.#identity(resource, warn)
    if (identity === null) return []
    const samples: (Record & { family: Identity })[] = []
    const prefix = identity.prefix.latin1Slice()
    const add = (time: bigint) => {
      const key = `${time / 1_000_000n} ${prefix}`
      if (this.#told.has(key)) return
      this.#told.add(key)
      samples.push({ identity, payload: { ts: time.toString(), value: 1 }, family: this.#family })
    }
    for (let time = earliest; time < latest; time += this.#every) add(time)
    add(latest)
    return samples
  }

  /** Its sample at the time of a record, unless there is one in the time before it. */
  next(resource: JsonMap, ts: string, warn: (text: string) => void): (Record & { family: Identity })[] {
    if (this.settings.disable_target_info) return []
    const key = canonical(resource)
    const known = this.#streams.get(key) ?? { identity: this.#identity(resource, warn), last: null }
    const time = BigInt(ts)
    if (known.last !== null && (known.identity === null || time < known.last + this.#every)) return []
    known.last = time
    this.#streams.delete(key)
    this.#streams.set(key, known)
    if (this.#streams.size > this.settings.max_series) this.#streams.delete(this.#streams.keys().next().value!)
    if (known.identity === null) return []
    return [{ identity: known.identity, payload: { ts, value: 1 }, family: this.#family }]
  }

  /** The request has ended. */
  end(): void {
    this.#told.clear()
  }

  /** null where there is nothing to tell, or nobody to tell it of. */
  #identity(resource: JsonMap, warn: (text: string) => void): Identity | null {
    const { disable_target_info, keep_identifying_resource_attributes: keep } = this.settings
    if (disable_target_info || Object.keys(resource).every((name) => IDENTIFYING.includes(name))) return null
    const ignored = keep ? NONE : new Set(IDENTIFYING)
    const subject = { resource, scope: null, attributes: resource, ignored, what: 'resource', plain: false, told: null } as const
    const set = seriesLabels(subject, this.#labels, warn)
    if (set.get('job') === '' && set.get('instance') === '') return null
    return Identity.of('metric', this.#family.name, set.with(), { kind: 'gauge' })
  }
}
