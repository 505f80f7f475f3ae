// The records in a request, as it is held.

import { decodeLine } from '../record/decode.js'
import type { Record } from '../record/record.js'
import { LOKI_PUSH, OTLP_EXPORT, RECORD_LINES, SNAPPY_WRITE_REQUEST, ZIPKIN_POST } from '../spool/format.js'
import { decodeWriteRequest } from '../wire/remote_write/decode.js'
import { decodeRequest } from '../wire/remote_write/decode_v2.js'
import { versionOf } from '../wire/remote_write/version.js'
import type { Snappy } from '../wire/snappy.js'
import { recordsOfPush } from './loki_body.js'
import { recordsOfExport } from './otlp_body.js'
import { recordsOfPost } from './zipkin_body.js'

export { LOKI_PUSH, OTLP_EXPORT, RECORD_LINES, SNAPPY_WRITE_REQUEST, ZIPKIN_POST }

/** Throws where the bytes are no such request. */
export function recordsOfBody(body: Buffer, snappy: Snappy, format: number = SNAPPY_WRITE_REQUEST): Record[] {
  if (format === RECORD_LINES) return recordsOfLines(body)
  if (format === LOKI_PUSH) return recordsOfPush(body, snappy)
  if (format === OTLP_EXPORT) return recordsOfExport(body)
  if (format === ZIPKIN_POST) return recordsOfPost(body)
  const decode = versionOf(body) === 2 ? decodeRequest : decodeWriteRequest
  return decode(snappy.uncompress(body))
}

/** Throws where the bytes are no lines of records. */
export function recordsOfLines(body: Buffer): Record[] {
  return body
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const record = decodeLine(Buffer.from(line))
      if ('reason' in record) throw new Error(record.detail)
      return record
    })
}
