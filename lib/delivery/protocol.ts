// The version of remote write that a receiver is spoken to in, and what its answers say about it.

import type { Context } from '../component.js'
import type { Snappy } from '../wire/snappy.js'
import { countRequest, downgrade, type Version, versionOf, type Written } from '../wire/remote_write/version.js'
import { Divided } from './divided.js'
import { type Outcome, post, type PostOptions, type Reply } from './outcome.js'

const HEADERS = {
  1: { 'content-type': 'application/x-protobuf', 'x-prometheus-remote-write-version': '0.1.0' },
  2: {
    'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
    'x-prometheus-remote-write-version': '2.0.0',
  },
} as const

/** No receiver has a limit below this: a request of fewer bytes is refused for another reason. */
const LEAST_LARGE = 1 << 10

const NO_COUNTS = 'an answer without written counts: the receiver does not know remote write 2.0'

export interface ProtocolOptions extends PostOptions {
  protocol: '1' | '2' | 'auto'
  snappy: Snappy
  /** What messages call the receiver. */
  destination: string
  /** Told when `version` has become 1. */
  fellBack(): void
}

export class Protocol {
  /** The version for new requests. */
  version: Version
  /** Whether the receiver has said that it knows 2.0. */
  #confirmed = false
  readonly #divided: Divided

  constructor(
    private readonly options: ProtocolOptions,
    private readonly context: Pick<Context, 'log' | 'account' | 'clock' | 'reject'>,
  ) {
    this.version = options.protocol === '1' ? 1 : 2
    this.#divided = new Divided({
      destination: options.destination,
      log: context.log,
      smaller: '--batch-samples or --batch-bytes',
      monotonic: () => context.clock.monotonic(),
      attempt: (body, signal) => this.#attempt(body, signal),
      halves: (body) => this.#halves(body),
    })
  }

  /**
   * One attempt, or some where the request is too large as a whole. The body is of either version: one of 2.0 for a
   * receiver that knows 1.0 only is turned into that.
   */
  send(body: Buffer, signal: AbortSignal): Promise<Outcome> {
    return this.#divided.send(body, signal)
  }

  async #halves(body: Buffer) {
    if (body.length < LEAST_LARGE) return null
    const { halvesOf } = await import('../wire/remote_write/split.js')
    const { snappy } = this.options
    const halves = halvesOf(snappy.uncompress(body), versionOf(body))
    if (halves === null) return null
    const [first, second] = halves.map(({ bytes, records }) => ({ body: snappy.compress(bytes), records }))
    return [first, second] as [typeof first, typeof second]
  }

  async #attempt(body: Buffer, signal: AbortSignal): Promise<Reply> {
    const reply = await this.#speak(body, signal)
    if (reply.kind === 'stored') this.context.account.out_bytes += reply.sent ?? 0
    return reply
  }

  async #speak(body: Buffer, signal: AbortSignal): Promise<Reply> {
    if (versionOf(body) === 1) return this.#post(body, 1, signal)
    if (this.version === 1) return this.#post(this.#downgraded(body), 1, signal)
    const reply = await this.#post(body, 2, signal)
    if (reply.written !== undefined) this.#confirmed = true
    if (this.#unknown(reply)) {
      if (this.options.protocol === 'auto') return this.#asOne(body, reply, signal)
      if (reply.kind === 'stored') return { kind: 'refused', words: `${reply.status}: ${NO_COUNTS}` }
    }
    return this.#checked(reply, body)
  }

  /**
   * Whether an answer comes from a receiver that does not know 2.0. It should be a 415; older ones say 400, or read the
   * request as one of 1.0 without any series, which they store.
   */
  #unknown({ kind, status, written }: Reply): boolean {
    if (status === 415) return true
    return written === undefined && (kind === 'stored' || (status === 400 && !this.#confirmed))
  }

  /** The same request in 1.0, and all others from now on, unless that is refused too: then it is not the version. */
  async #asOne(body: Buffer, { status }: Reply, signal: AbortSignal): Promise<Reply> {
    const { destination } = this.options
    const reply = await this.#post(this.#downgraded(body), 1, signal)
    const known = status === 415 || reply.kind === 'stored'
    if (known && this.version === 2) {
      this.version = 1
      this.context.log.warn(`${destination}: does not know remote write 2.0 (${status}), going on with 1.0`)
      this.options.fellBack()
    }
    return reply
  }

  /** What was sent, but is not written, is told and counted. */
  async #checked(reply: Reply, body: Buffer): Promise<Reply> {
    const { kind, written } = reply
    if (written === undefined || kind === 'retry') return reply
    const some = written.samples + written.histograms > 0
    if (kind === 'refused' && !some) return reply
    const sent = countRequest(this.options.snappy.uncompress(body))
    const stored = { ...reply, kind: 'stored' } as const
    const wrong = (['samples', 'histograms', 'exemplars'] as const).filter((what) => sent[what] !== written[what])
    if (wrong.length === 0) return stored
    const words = wrong.map((what) => `${written[what]} of ${sent[what]} ${what}`).join(', ')
    const said = kind === 'refused' ? reply.words : `${reply.status}`
    this.context.log.warn(`${this.options.destination}: ${said}: ${words} written`)
    const missing = Math.max(0, total(sent) - total(written))
    const { account } = this.context
    if (missing > 0 && kind === 'refused') await this.#partly(body, `${said}: ${words} written`, total(sent) - missing)
    else if (missing > 0) account.drop('not_written', missing)
    // The request as a whole counts as stored.
    account.out -= missing
    return stored
  }

  /** A request that was refused in part goes to the dead letters as a whole: nobody says which part it was. */
  async #partly(body: Buffer, words: string, written: number): Promise<void> {
    const { recordsOfBody } = await import('./body.js')
    const detail = `${this.options.destination}: ${words}, not told which`
    for (const original of recordsOfBody(body, this.options.snappy)) {
      if (original.identity.type !== 'metric') continue
      this.context.reject({ reason: 'partly_refused', detail: `${original.identity.name}: ${detail}`, original })
    }
    this.context.account.drop('partly_refused', -written)
  }

  #downgraded(body: Buffer): Buffer {
    const { snappy } = this.options
    return snappy.compress(downgrade(snappy.uncompress(body)))
  }

  async #post(body: Buffer, version: Version, signal: AbortSignal): Promise<Reply> {
    const headers = { 'content-encoding': 'snappy', ...HEADERS[version], ...this.options.headers }
    return { ...(await post(body, { ...this.options, headers }, signal)), sent: body.length }
  }
}

function total({ samples, histograms }: Written): number {
  return samples + histograms
}
