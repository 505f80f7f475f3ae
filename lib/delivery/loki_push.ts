// One push to Loki: sent in the form that was asked for, in halves where it is too large.

import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Context } from '../component.js'
import { jsonPush } from '../wire/loki/json.js'
import { halvesOfPush } from '../wire/loki/split.js'
import { TENANT_HEADER } from '../wire/loki/tenant.js'
import type { Snappy } from '../wire/snappy.js'
import { Divided } from './divided.js'
import { heldPush, type HeldPush, pushOf, streamsOfPush } from './loki_body.js'
import { type Outcome, post, type PostOptions, type Reply } from './outcome.js'

const compress = promisify<Buffer, Buffer>(gzip)
const PROTOBUF = { 'content-type': 'application/x-protobuf' }
const JSON_TYPE = { 'content-type': 'application/json' }
const GZIP = { ...JSON_TYPE, 'content-encoding': 'gzip' }

export interface LokiPushOptions extends PostOptions {
  format: 'protobuf' | 'json'
  /** Whether JSON is compressed. */
  gzip: boolean
  snappy: Snappy
  /** What messages call the destination. */
  destination: string
}

export class LokiPush {
  readonly #divided: Divided

  constructor(
    private readonly options: LokiPushOptions,
    private readonly context: Pick<Context, 'log' | 'account' | 'clock'>,
  ) {
    this.#divided = new Divided({
      destination: options.destination,
      log: context.log,
      monotonic: () => context.clock.monotonic(),
      smaller: '--batch-bytes',
      attempt: (body, signal) => this.#attempt(pushOf(body), signal),
      halves: async (body) => this.#halves(pushOf(body)),
    })
  }

  /** One attempt with a held push, or some where it is too large as a whole. */
  send(body: Buffer, signal: AbortSignal): Promise<Outcome> {
    return this.#divided.send(body, signal)
  }

  async #attempt(push: HeldPush, signal: AbortSignal): Promise<Reply> {
    const { body, headers } = await this.#encoded(push)
    const tenant: { [name: string]: string } = push.tenant === '' ? {} : { [TENANT_HEADER]: push.tenant }
    const reply = await post(body, { ...this.options, headers: { ...headers, ...tenant, ...this.options.headers } }, signal)
    if (reply.kind === 'stored') this.context.account.out_bytes += body.length
    return reply
  }

  /** What is held is protobuf, whatever is sent. */
  async #encoded(push: HeldPush): Promise<{ body: Buffer; headers: { readonly [name: string]: string } }> {
    const { format, gzip, snappy } = this.options
    if (format === 'protobuf') return { body: push.block, headers: PROTOBUF }
    const body = Buffer.from(jsonPush(streamsOfPush(push, snappy)))
    return gzip ? { body: await compress(body), headers: GZIP } : { body, headers: JSON_TYPE }
  }

  #halves({ tenant, block }: HeldPush) {
    const { snappy } = this.options
    const halves = halvesOfPush(snappy.uncompress(block))
    if (halves === null) return null
    const [first, second] = halves.map(({ bytes, records }) => {
      return { body: heldPush({ tenant, block: snappy.compress(bytes) }), records }
    })
    return [first, second] as [typeof first, typeof second]
  }
}
