// A push that is too large, in two.

import { Budget } from '../remote_write/read.js'
import { readPush } from './decode.js'
import type { PushStream } from './push.js'
import { PushRequest, StreamHead } from './request.js'

export interface PushHalf {
  /** The message, uncompressed. */
  readonly bytes: Buffer
  /** Entries in it. */
  readonly records: number
}

/** The halves of a push, in its order; null where it holds one entry. Throws an Error where the bytes are no push. */
export function halvesOfPush(bytes: Buffer): [PushHalf, PushHalf] | null {
  const streams = readPush(bytes, new Budget(Infinity))
  const all = streams.reduce((sum, { entries }) => sum + entries.length, 0)
  if (all < 2) return null
  const half = Math.ceil(all / 2)
  return [part(streams, 0, half), part(streams, half, all)]
}

/** The entries from the `from`-th up to the `to`-th. */
function part(streams: readonly PushStream[], from: number, to: number): PushHalf {
  const request = new PushRequest()
  let before = 0
  for (const { labels, entries } of streams) {
    const head = new StreamHead(labels, '')
    for (const { ts, line, metadata } of entries.slice(Math.max(0, from - before), Math.max(0, to - before))) {
      request.add(head, ts, line, metadata)
    }
    before += entries.length
  }
  return { records: to - from, bytes: request.finish() }
}
