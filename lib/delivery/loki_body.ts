// The body of a push to Loki as it is held: its tenant, then the protobuf message as a snappy block.

import type { Record } from '../record/record.js'
import { readPush } from '../wire/loki/decode.js'
import type { PushStream } from '../wire/loki/push.js'
import { recordsOf } from '../wire/loki/records.js'
import { Budget } from '../wire/remote_write/read.js'
import type { Snappy } from '../wire/snappy.js'

/** Two bytes of length in front of the tenant. */
const LENGTH_BYTES = 2

export interface HeldPush {
  /** `''` for none. */
  readonly tenant: string
  readonly block: Buffer
}

export function heldPush({ tenant, block }: HeldPush): Buffer {
  const name = Buffer.from(tenant)
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt16LE(name.length)
  return Buffer.concat([length, name, block])
}

export function pushOf(body: Buffer): HeldPush {
  const end = LENGTH_BYTES + body.readUInt16LE(0)
  return { tenant: body.utf8Slice(LENGTH_BYTES, end), block: body.subarray(end) }
}

/** Throws where the bytes are no such push. */
export function streamsOfPush({ block }: HeldPush, snappy: Snappy): PushStream[] {
  return readPush(snappy.uncompress(block), new Budget(Infinity))
}

export function recordsOfPush(body: Buffer, snappy: Snappy): Record[] {
  const push = pushOf(body)
  return recordsOf(streamsOfPush(push, snappy), push.tenant)
}
