// Loki's push as its schema has it: pushes decoded by protobufjs, with nothing of the code under test, and a Loki with
// a script.

import type { IncomingMessage } from 'node:http'
import { gunzipSync } from 'node:zlib'
import protobuf from 'protobufjs'
import { uncompressSync } from 'snappy'
import { type Answer, Collector } from './collector.js'

const SCHEMA = `
  syntax = "proto3";
  message PushRequest { repeated StreamAdapter streams = 1; string format = 2; }
  message StreamAdapter { string labels = 1; repeated EntryAdapter entries = 2; uint64 hash = 3; }
  message EntryAdapter {
    Timestamp timestamp = 1; string line = 2;
    repeated LabelPairAdapter structuredMetadata = 3; repeated LabelPairAdapter parsed = 4;
  }
  message LabelPairAdapter { string name = 1; string value = 2; }
  message Timestamp { int64 seconds = 1; int32 nanos = 2; }`

const PUSH = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('PushRequest')

/** A push as protobufjs shows it. */
export interface PushMessage {
  streams: {
    labels: string
    entries: {
      timestamp: { seconds: string; nanos: number }
      line: string
      structuredMetadata: { name: string; value: string }[]
    }[]
  }[]
}

export function decodePush(bytes: Uint8Array): PushMessage {
  return PUSH.toObject(PUSH.decode(bytes), { longs: String, defaults: true, arrays: true }) as PushMessage
}

export function encodePush(push: object): Buffer {
  return Buffer.from(PUSH.encode(PUSH.fromObject(push)).finish())
}

/** An entry, flat. */
export interface Arrived {
  tenant: string
  /** As they stand in the push; those of JSON as JSON. */
  labels: string
  /** Unix nanoseconds. */
  ts: string
  line: string
  metadata: { [name: string]: string }
}

interface JsonPush {
  streams: { stream: object; values: [string, string, { [name: string]: string }?][] }[]
}

function entriesOf({ headers }: IncomingMessage, body: Buffer): Arrived[] {
  const tenant = headers['x-scope-orgid']?.toString() ?? ''
  if (headers['content-type'] === 'application/json') {
    const text = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
    return (JSON.parse(text.toString()) as JsonPush).streams.flatMap(({ stream, values }) =>
      values.map(([ts, line, metadata = {}]) => ({ tenant, labels: JSON.stringify(stream), ts, line, metadata })),
    )
  }
  return decodePush(uncompressSync(body) as Buffer).streams.flatMap(({ labels, entries }) =>
    entries.map(({ timestamp: { seconds, nanos }, line, structuredMetadata }) => {
      const metadata = Object.fromEntries(structuredMetadata.map(({ name, value }) => [name, value]))
      return { tenant, labels, ts: String(BigInt(seconds) * 1_000_000_000n + BigInt(nanos)), line, metadata }
    }),
  )
}

/** A Loki on a free port, or on one that is told; `answer` is asked for every push, by its number from 0. */
export class FakeLoki extends Collector<Arrived[]> {
  static async start(
    answer: (index: number, entries: Arrived[]) => Answer | Promise<Answer> = () => ({ status: 204 }),
    port = 0,
  ): Promise<FakeLoki> {
    return new FakeLoki(entriesOf, answer).listen(port)
  }

  get url(): string {
    return this.origin
  }

  /** Entries of pushes that were answered with success, in their order. */
  get stored(): Arrived[] {
    return this.taken.flat()
  }
}
