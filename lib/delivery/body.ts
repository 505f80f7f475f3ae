// The records in a request, as it is held.

import type { Record } from '../record/record.js'
import { decodeWriteRequest } from '../wire/remote_write/decode.js'
import { decodeRequest } from '../wire/remote_write/decode_v2.js'
import { versionOf } from '../wire/remote_write/version.js'
import type { Snappy } from '../wire/snappy.js'
import { recordsOfPush } from './loki_body.js'

/** What a body is: a request of remote write of either version, as it is sent; or a push to Loki with its tenant. */
export const SNAPPY_WRITE_REQUEST = 1
export const LOKI_PUSH = 2

/** Throws where the bytes are no such request. */
export function recordsOfBody(body: Buffer, snappy: Snappy, format: number = SNAPPY_WRITE_REQUEST): Record[] {
  if (format === LOKI_PUSH) return recordsOfPush(body, snappy)
  const decode = versionOf(body) === 2 ? decodeRequest : decodeWriteRequest
  return decode(snappy.uncompress(body))
}
