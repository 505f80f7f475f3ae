// The body of a push, as far as bytes and forms go: encodings, protobuf or JSON, bounds.

import { HttpError } from '../net/client.js'
import { decodeBody } from '../net/encoding.js'
import { readPush } from '../wire/loki/decode.js'
import { readJsonPush, readLegacyPush } from '../wire/loki/json.js'
import type { PushStream } from '../wire/loki/push.js'
import { Budget, TooMuch } from '../wire/remote_write/read.js'
import { lengthOf, type Snappy } from '../wire/snappy.js'

export interface PushBounds {
  /** Largest push after decompression. */
  max_request_bytes: number
  /** Most streams, entries and pairs of structured metadata of a push. */
  max_elements: number
}

/** What a body is: of the API of today or of Loki's first versions. Both may be protobuf, which is the same in them. */
export type PushForm = 'v1' | 'legacy'

/** A push that is not taken, with the status of its answer. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

/** The streams of a push. What is not said to be JSON is protobuf, as in Loki. Throws a Refusal. */
export async function readBody(
  body: Buffer,
  form: PushForm,
  contentType: string | undefined,
  contentEncoding: string | undefined,
  bounds: PushBounds,
  snappy: Snappy,
): Promise<PushStream[]> {
  const plain = await plainBody(body, contentEncoding, bounds)
  const type = contentType?.split(';', 1)[0].trim().toLowerCase()
  const budget = new Budget(bounds.max_elements)
  try {
    if (type !== 'application/json') return readPush(unpacked(plain, type, bounds, snappy), budget)
    const push = parsed(plain)
    return form === 'v1' ? readJsonPush(push, budget) : readLegacyPush(push, budget)
  } catch (error) {
    if (error instanceof Refusal) throw error
    if (error instanceof TooMuch) throw new Refusal(413, `more than ${bounds.max_elements} elements (--max-elements)`)
    throw new Refusal(400, `not a push: ${(error as Error).message}`)
  }
}

/** The body without the encodings of HTTP. Snappy is not one of them: it belongs to the protobuf form. */
export async function plainBody(
  body: Buffer,
  encoding: string | undefined,
  { max_request_bytes: max }: PushBounds,
): Promise<Buffer> {
  if (encoding === undefined || encoding.toLowerCase() === 'snappy') return body
  try {
    return await decodeBody(body, encoding, max, 'body')
  } catch (error) {
    if (!(error instanceof HttpError)) throw error
    if (error.reason === 'too_large') throw tooLarge('more than', max)
    throw new Refusal(error.message.includes('unknown content encoding') ? 415 : 400, error.message)
  }
}

function unpacked(body: Buffer, type: string | undefined, { max_request_bytes: max }: PushBounds, snappy: Snappy): Buffer {
  const length = lengthOf(body)
  const hint = type === 'application/x-protobuf' ? '' : '; JSON needs content-type: application/json'
  if (length === undefined) throw new Refusal(400, `not snappy (block format): no length in front${hint}`)
  if (length > max) throw tooLarge(`${length} bytes uncompressed, more than`, max)
  try {
    return snappy.uncompress(body)
  } catch (error) {
    throw new Refusal(400, `not snappy (block format): ${(error as Error).message}${hint}`)
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.utf8Slice())
  } catch {
    throw new Refusal(400, 'not JSON')
  }
}

function tooLarge(what: string, max: number): Refusal {
  return new Refusal(413, `${what} ${max} bytes (--max-request-bytes)`)
}
