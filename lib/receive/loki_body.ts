// The body of a push, as far as bytes and forms go: encodings, protobuf or JSON, bounds.

import { mediaType } from '../net/media_type.js'
import { readPush } from '../wire/loki/decode.js'
import { readJsonPush, readLegacyPush } from '../wire/loki/json.js'
import type { PushStream } from '../wire/loki/push.js'
import { Budget, TooMuch } from '../wire/remote_write/read.js'
import { lengthOf, type Snappy } from '../wire/snappy.js'
import { NotTaken, unpackedBody } from './not_taken.js'

export interface PushBounds {
  /** Largest push after decompression. */
  max_request_bytes: number
  /** Most streams, entries and pairs of structured metadata of a push. */
  max_elements: number
}

/** What a body is: of the API of today or of Loki's first versions. Both may be protobuf, which is the same in them. */
export type PushForm = 'v1' | 'legacy'

/** The streams of a push. What is not said to be JSON is protobuf, as in Loki. Throws NotTaken. */
export async function readBody(
  body: Buffer,
  form: PushForm,
  contentType: string | undefined,
  contentEncoding: string | undefined,
  bounds: PushBounds,
  snappy: Snappy,
): Promise<PushStream[]> {
  const plain = await plainBody(body, contentEncoding, bounds)
  const type = mediaType(contentType)
  const budget = new Budget(bounds.max_elements)
  try {
    if (type !== 'application/json') return readPush(unpacked(plain, type, bounds, snappy), budget)
    const push = parsed(plain)
    return form === 'v1' ? readJsonPush(push, budget) : readLegacyPush(push, budget)
  } catch (error) {
    if (error instanceof NotTaken) throw error
    if (error instanceof TooMuch) throw new NotTaken('too_large', `more than ${bounds.max_elements} elements (--max-elements)`)
    throw new NotTaken('malformed', `not a push: ${(error as Error).message}`)
  }
}

/** The body without the encodings of HTTP. Snappy is not one of them: it belongs to the protobuf form. */
export function plainBody(
  body: Buffer, encoding: string | undefined, { max_request_bytes: max }: PushBounds,
): Promise<Buffer> {
  return unpackedBody(body, encoding?.toLowerCase() === 'snappy' ? undefined : encoding, max)
}

function unpacked(body: Buffer, type: string, { max_request_bytes: max }: PushBounds, snappy: Snappy): Buffer {
  const length = lengthOf(body)
  const hint = type === 'application/x-protobuf' ? '' : '; JSON needs content-type: application/json'
  if (length === undefined) throw new NotTaken('malformed', `not snappy (block format): no length in front${hint}`)
  if (length > max) throw tooLarge(`${length} bytes uncompressed, more than`, max)
  try {
    return snappy.uncompress(body)
  } catch (error) {
    throw new NotTaken('malformed', `not snappy (block format): ${(error as Error).message}${hint}`)
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.utf8Slice())
  } catch {
    throw new NotTaken('malformed', 'not JSON')
  }
}

function tooLarge(what: string, max: number): NotTaken {
  return new NotTaken('too_large', `${what} ${max} bytes (--max-request-bytes)`)
}
