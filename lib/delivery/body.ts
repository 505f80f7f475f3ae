// The records in a request of remote write, of either version, as it is sent.

import type { Record } from '../record/record.js'
import { decodeWriteRequest } from '../wire/remote_write/decode.js'
import { decodeRequest } from '../wire/remote_write/decode_v2.js'
import { versionOf } from '../wire/remote_write/version.js'
import type { Snappy } from '../wire/snappy.js'

/** Throws where the bytes are no such request. */
export function recordsOfBody(body: Buffer, snappy: Snappy): Record[] {
  const decode = versionOf(body) === 2 ? decodeRequest : decodeWriteRequest
  return decode(snappy.uncompress(body))
}
