// Tail sampling: spans are held until their trace is complete, as far as can be known, and then go on or are dropped together.

import type { Context, Pass, StatefulTransform } from '../../component.js'
import type { Record } from '../../record/record.js'
import { attributeOf, withAttributes } from './attribute.js'
import type { TailPolicies } from './compile.js'
import { DecisionLog, decisionRecord, type Keep } from './decision_log.js'
import type { Decisions } from './decisions.js'
import type { Decision } from './policy.js'
import { addIdentity, addPayload, type Size } from './size.js'
import { traceIdOf } from './threshold.js'
import { Trace } from './trace.js'

/** Bytes of a trace in memory beside its spans, and of a span beside what it says. */
const PER_TRACE = 400
const PER_SPAN = 48
/** Spans that are decided in one go. */
const AT_ONCE = 10_000
/** Milliseconds between warnings. */
const TELL_EVERY = 10_000
/** Milliseconds from the decision over the last trace that another process left to when these are kept no longer. */
const FORGET_AFTER = 1000
/** The order of what was held by another process: before everything that came here. */
const BEFORE = -1

export interface TailOptions {
  /** Milliseconds from the first span of a trace to its decision. */
  readonly wait: number
  /** The same from its root span, where that comes earlier; Infinity: the root is a span like others. */
  readonly waitAfterRoot: number
  readonly maxTraces: number
  /** Bytes. */
  readonly maxMemory: number
  /** Tells in each span which policy sampled it. */
  readonly recordPolicy: boolean
}

export class TailSampler implements StatefulTransform {
  /** By the time of their first span, which is also the order in which they are due. */
  readonly #traces = new Map<string, Trace>()
  /** Those that are due earlier since their root span came, in the order in which that came. */
  readonly #rooted = new Map<string, Trace>()
  readonly #size: Size = { bytes: 0, memory: 0 }
  #memory = 0
  /** Traces held that another process left. */
  #inherited = 0
  #early = { memory: 0, traces: 0, toldAt: -Infinity }
  readonly #log: DecisionLog | null

  constructor(
    private readonly made: TailPolicies,
    private readonly decisions: Decisions,
    private readonly options: TailOptions,
    private readonly context: Pick<Context, 'account' | 'clock' | 'log' | 'reject'>,
    keep: Keep | null,
  ) {
    this.#log = keep && new DecisionLog(keep, decisions, () => this.#left())
  }

  take(record: Record, order: number, pass: Pass): void {
    const id = traceIdOf(record.payload.trace_id)
    if (id === null) {
      const detail = 'the span has no valid trace id: 32 hexadecimal digits, not all 0'
      return this.context.reject({ reason: 'bad_trace_id', detail, original: record })
    }
    const held = this.#traces.get(id)
    const sampled = held === undefined ? this.decisions.get(id) : undefined
    if (sampled === true) return pass(record)
    if (sampled === false) return this.context.account.drop('late_not_sampled', 1)
    this.#hold(held ?? this.#begin(id, order, pass), record)
    while (this.#memory > this.options.maxMemory) this.#hurry('memory', pass)
    while (this.#traces.size > this.options.maxTraces) this.#hurry('traces', pass)
  }

  /** A new trace is a good moment for those that are due: where input never pauses, a timer has to wait. */
  #begin(id: string, order: number, pass: Pass): Trace {
    const now = this.context.clock.monotonic()
    if (this.due() <= now) this.tick(now, pass)
    return this.#open(id, order, now)
  }

  #open(id: string, order: number, now: number): Trace {
    const trace = new Trace(id, order, now + this.options.wait, this.made.tests.length)
    trace.memory = PER_TRACE
    this.#memory += PER_TRACE
    this.#traces.set(id, trace)
    return trace
  }

  #hold(trace: Trace, record: Record): void {
    const size = this.#size
    size.bytes = 0
    size.memory = PER_SPAN
    addPayload(size, record.payload)
    if (record.identity !== trace.spans.at(-1)?.identity) addIdentity(size, record.identity)
    trace.bytes += size.bytes
    trace.memory += size.memory
    this.#memory += size.memory
    trace.add(record, this.made.tests)
    if (this.options.waitAfterRoot < Infinity && !record.payload.parent_span_id) this.#root(trace)
  }

  #root(trace: Trace): void {
    const due = this.context.clock.monotonic() + this.options.waitAfterRoot
    if (due >= trace.due) return
    trace.due = due
    this.#rooted.set(trace.id, trace)
  }

  held(): number {
    return this.#oldest()?.order ?? Infinity
  }

  due(): number {
    return Math.min(this.#next()?.due ?? Infinity, this.#log?.due ?? Infinity)
  }

  /** So many spans at once: what goes on has to be taken before more does, and the rest stays due. */
  tick(now: number, pass: Pass): void {
    for (let spans = 0, trace; spans < AT_ONCE && (trace = this.#next()) !== undefined && trace.due <= now;) {
      spans += trace.spans.length
      this.#decide(trace, now, false, pass)
    }
  }

  flush(pass: Pass): void {
    const now = this.context.clock.monotonic()
    if (this.#log?.saveAll(this.#spans(), now)) {
      this.#traces.clear()
      this.#rooted.clear()
      return
    }
    for (const trace of this.#traces.values()) this.#decide(trace, now, false, pass)
  }

  settle(): void {
    this.#log?.settle(this.context.clock.monotonic())
  }

  /**
   * All that another process needs to go on here: a checkpoint for each decision that is remembered, and the spans of traces
   * that are not decided.
   */
  *state(): Generator<Record> {
    for (const [id, sampled] of this.decisions) yield decisionRecord(id, sampled)
    yield* this.#spans()
  }

  *#spans(): Generator<Record> {
    for (const { spans } of this.#traces.values()) yield* spans
  }

  /** Spans that another process left, and that nobody sends again. */
  *#left(): Generator<Record> {
    for (const { spans, inherited } of this.#traces.values()) yield* spans.slice(0, inherited)
  }

  /** Takes over a record of another one's `state`. Traces wait anew. */
  restore(record: Record): void {
    const { position, trace_id: traceId } = record.payload
    const id = traceIdOf(attributeOf(position, 'trace_id') ?? traceId)
    if (id === null) return
    if (record.identity.type === 'checkpoint') return this.decisions.set(id, attributeOf(position, 'sampled') === true)
    if (!this.#traces.has(id)) this.#inherited++
    this.context.account.made++
    const trace = this.#traces.get(id) ?? this.#open(id, BEFORE, this.context.clock.monotonic())
    trace.inherited++
    this.#hold(trace, record)
  }

  #oldest(): Trace | undefined {
    return this.#traces.size === 0 ? undefined : this.#traces.values().next().value
  }

  /** The one that is due first: nothing is due before the oldest one but what has its root. */
  #next(): Trace | undefined {
    const oldest = this.#oldest()
    const rooted: Trace | undefined = this.#rooted.size === 0 ? undefined : this.#rooted.values().next().value
    return rooted !== undefined && rooted.due < oldest!.due ? rooted : oldest
  }

  #hurry(why: 'memory' | 'traces', pass: Pass): void {
    const now = this.context.clock.monotonic()
    this.#decide(this.#oldest()!, now, true, pass)
    const early = this.#early
    early[why]++
    if (now - early.toldAt < TELL_EVERY) return
    early.toldAt = now
    const { maxMemory, maxTraces } = this.options
    const bound = why === 'memory' ? `--max-memory (${maxMemory} bytes)` : `--num-traces (${maxTraces})`
    this.context.log.warn(`${bound} is reached: traces are decided early, ${early.memory + early.traces} so far`)
  }

  #decide(trace: Trace, now: number, early: boolean, pass: Pass): void {
    this.#traces.delete(trace.id)
    this.#rooted.delete(trace.id)
    this.#memory -= trace.memory
    const { sampled, policy } = this.#decision(trace, now)
    const { spans } = trace
    if (!sampled) {
      const reason = policy === null ? 'not_sampled' : `policy:${policy}`
      this.context.account.drop(early && policy === null ? 'not_sampled_early' : reason, spans.length)
    } else if (!this.options.recordPolicy || policy === null) for (const span of spans) pass(span)
    else for (const span of spans) pass(marked(span, policy))
    if (trace.order === BEFORE && --this.#inherited === 0 && this.#log !== null) this.#log.due = now + FORGET_AFTER
  }

  #decision(trace: Trace, now: number): Pick<Decision, 'sampled' | 'policy'> {
    // Killed before its spans had gone on for sure, the process that left them had decided already.
    const before = trace.order === BEFORE ? this.decisions.get(trace.id) : undefined
    if (before !== undefined) return { sampled: before, policy: null }
    const decision = this.made.policies.decide(trace, now)
    this.decisions.set(trace.id, decision.sampled)
    this.#log?.add(trace.id, decision.sampled)
    return decision
  }
}

function marked({ identity, payload }: Record, policy: string): Record {
  return { identity, payload: withAttributes(payload, { 'tailsampling.policy': policy }) }
}
