// Samples of Prometheus become data points of OTLP (OpenTelemetry specification, "Prometheus and OpenMetrics
// Compatibility").

import type { Account, Clock, Pass, Reject, StatefulTransform } from '../../component.js'
import { type Identity, memoSlot } from '../../record/identity.js'
import { type Labels, labelsText } from '../../record/labels.js'
import type { NativeHistogram, Payload, Record } from '../../record/record.js'
import { NO_RECORDED_VALUE } from '../../wire/otlp/points.js'
import { isOtlp } from '../shape.js'
import { distributionOf, type Kind } from './distributions.js'
import { otlpExemplars } from './exemplars.js'
import { Families, type Part } from './families.js'
import { Groups, type Point } from './groups.js'
import { otlpHistogram } from './native.js'
import { Origins, TARGET_INFO } from './origins.js'
import { type Form, metricIdentity, type Series } from './series.js'

export interface OtlpSettings {
  /** Whether names lose the words at their end that tell type and unit. */
  trim_suffixes: boolean
  /** Milliseconds that the series of a histogram or summary wait for others. */
  join_wait: number
  /** Samples of them that are held. */
  max_held: number
  /** Families, targets, histograms and summaries remembered. */
  max_series: number
  /** Of a native histogram, gaps counted. */
  max_buckets: number
}

export interface BridgeContext {
  readonly account: Account
  readonly clock: Pick<Clock, 'monotonic'>
  reject(reject: Reject): void
}

const LABEL_OF = { bucket: 'le', quantile: 'quantile' } as const

export class OtlpTransform implements StatefulTransform {
  readonly #slot = memoSlot()
  readonly #families: Families
  readonly #origins: Origins
  readonly #groups: Groups

  constructor(
    private readonly settings: OtlpSettings,
    private readonly context: BridgeContext,
  ) {
    const { max_series: max, max_held: maxHeld, join_wait: wait } = settings
    this.#families = new Families(max)
    this.#origins = new Origins(max)
    this.#groups = new Groups({ max, maxHeld, wait, monotonic: () => context.clock.monotonic() })
  }

  take(record: Record, order: number, pass: Pass): void {
    const { identity } = record
    if (identity.type === 'metadata') {
      this.#families.tell(identity)
      this.context.account.drop('joined', 1)
    } else if (isOtlp(record)) pass(record)
    else this.#sample(record, order, pass)
  }

  held(): number {
    return this.#groups.held()
  }

  due(): number {
    return this.#groups.due()
  }

  tick(now: number, pass: Pass): void {
    for (const point of this.#groups.dueAt(now)) this.#tell(point, pass)
  }

  flush(pass: Pass): void {
    this.tick(Infinity, pass)
  }

  #sample(record: Record, order: number, pass: Pass): void {
    const { identity, payload } = record
    if (identity.name === TARGET_INFO) {
      this.#origins.tell(identity.labels, payload.stale === true)
      return this.context.account.drop('joined', 1)
    }
    const series = this.#seriesOf(identity)
    const { part } = series
    if (typeof part === 'string') this.#reject(part, record)
    else if (part.role === 'native') this.#native(series, record, pass)
    else if (part.role === 'point' || part.role === 'created') {
      if (payload.histogram !== undefined) return this.#native(series, record, pass)
      const metric = metricIdentity({ ...series, part }, series.identities, 'number', {}, this.settings.trim_suffixes)
      pass({ identity: metric, payload: withExemplars(payload) })
    } else {
      const ready = this.#groups.add(series.key, { part, origin: series.origin, record }, order)
      if (ready !== null) for (const point of ready) this.#tell(point, pass)
      else this.#reject(`a part of a ${part.kind} that came after the rest had gone on (--join-wait)`, record)
    }
  }

  #seriesOf(identity: Identity): Series {
    const memo = (identity.memo ??= [])
    const known = memo[this.#slot] as Series | undefined
    if (known !== undefined && known.version === this.#families.version) return known
    const series = this.#decide(identity)
    memo[this.#slot] = series
    identity.release()
    return series
  }

  #decide(identity: Identity): Series {
    const { version } = this.#families
    const identities = new Map<string, Identity>()
    try {
      const part = this.#families.partOf(identity)
      const own = part.role === 'bucket' || part.role === 'quantile' ? LABEL_OF[part.role] : ''
      const origin = this.#origins.originOf(identity.labels, own)
      const labels = own === '' ? identity.labels : identity.labels.filter((_, i, all) => all[i - (i % 2)] !== own)
      return { part, origin, key: keyOf(part, labels), version, identities, last: null }
    } catch (error) {
      const part = (error as Error).message
      return { part, origin: this.#origins.originOf(identity.labels, ''), key: '', version, identities, last: null }
    }
  }

  /** A native histogram, or the end of one. */
  #native(series: Series, record: Record, pass: Pass): void {
    const { histogram, ...payload } = record.payload
    const trim = this.settings.trim_suffixes
    const part = series.part as Part
    if (histogram === undefined) {
      if (payload.stale !== true) return this.#reject('a histogram that is told by a single number', record)
      const field = series.last?.field ?? 'exponential_histogram'
      const identity =
        series.last?.identity ?? metricIdentity({ ...series, part }, series.identities, 'exponential', {}, trim)
      const ended = { [field]: { count: '0' }, flags: NO_RECORDED_VALUE }
      return pass({ identity, payload: { ...payload, stale: undefined, ...ended } })
    }
    try {
      const told = otlpHistogram(histogram as unknown as NativeHistogram, this.settings.max_buckets)
      const form: Form = told.field === 'explicit_histogram' ? 'explicit' : 'exponential'
      const original = told.native ? { native: true as const } : {}
      const identity = metricIdentity({ ...series, part }, series.identities, form, original, trim)
      series.last = { field: told.field, identity }
      pass({ identity, payload: { ...withExemplars(payload), [told.field]: told.histogram } })
    } catch (error) {
      this.#reject((error as Error).message, record)
    }
  }

  /** A point whose pieces are there, or will not come any more. */
  #tell({ group, ts, pieces }: Point, pass: Pass): void {
    const kind = pieces[0].part.kind as Kind
    try {
      const { payload, numbers } = distributionOf(kind, ts, pieces)
      const form = kind === 'histogram' ? 'explicit' : 'summary'
      const original = numbers === null ? {} : { numbers }
      const identity = metricIdentity(pieces[0], group.identities, form, original, this.settings.trim_suffixes)
      pass({ identity, payload })
      this.context.account.drop('joined', pieces.length - 1)
    } catch (error) {
      for (const { record } of pieces) this.#reject((error as Error).message, record)
    }
  }

  #reject(detail: string, original: Record): void {
    this.context.reject({ reason: 'untranslatable', detail: `${original.identity.name}: ${detail}`, original })
  }
}

/** The same for all series that are one metric; those that are one by themselves need none. */
function keyOf(part: Part, labels: Labels): string {
  if (part.role === 'point' || part.role === 'created' || part.role === 'native') return ''
  return `${part.kind} ${part.name} ${labelsText(labels)}`
}

function withExemplars(payload: Payload): Payload {
  if (payload.exemplars === undefined) return payload
  return { ...payload, exemplars: otlpExemplars(payload.exemplars) }
}
