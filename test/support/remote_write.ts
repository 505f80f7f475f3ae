// Remote write as its schema has it: requests decoded by protobufjs from the .proto, and a receiver with a script.
// A sample's value is read as its bits, which tell a staleness marker from another NaN.

import protobuf from 'protobufjs'
import { uncompressSync } from 'snappy'
import { type Answer, Collector } from './collector.js'

const SCHEMA = `
  syntax = "proto3";
  message WriteRequest { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3; }
  message MetricMetadata { int32 type = 1; string metric_family_name = 2; string help = 4; string unit = 5; }
  message TimeSeries {
    repeated Label labels = 1; repeated Sample samples = 2;
    repeated Exemplar exemplars = 3; repeated Histogram histograms = 4;
  }
  message Label { string name = 1; string value = 2; }
  message Sample { fixed64 value = 1; int64 timestamp = 2; }
  message Exemplar { repeated Label labels = 1; double value = 2; int64 timestamp = 3; }
  message Histogram {
    oneof count { uint64 count_int = 1; double count_float = 2; }
    double sum = 3; sint32 schema = 4; double zero_threshold = 5;
    oneof zero_count { uint64 zero_count_int = 6; double zero_count_float = 7; }
    repeated BucketSpan negative_spans = 8; repeated sint64 negative_deltas = 9; repeated double negative_counts = 10;
    repeated BucketSpan positive_spans = 11; repeated sint64 positive_deltas = 12; repeated double positive_counts = 13;
    int32 reset_hint = 14; int64 timestamp = 15; repeated double custom_values = 16;
  }
  message BucketSpan { sint32 offset = 1; uint32 length = 2; }`

const STALE_BITS = 0x7ff0000000000002n
const WRITE_REQUEST = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('WriteRequest')

export interface Label {
  name: string
  value: string
}

/** A WriteRequest as protobufjs shows it: 64-bit numbers as decimal strings, every field there. */
export interface WriteRequestMessage {
  timeseries: {
    labels: Label[]
    samples: { value: number; stale: boolean; timestamp: string }[]
    exemplars: { labels: Label[]; value: number; timestamp: string }[]
    histograms: { [field: string]: unknown }[]
  }[]
  metadata: { type: number; metric_family_name: string; help: string; unit: string }[]
}

export function decodeMessage(bytes: Uint8Array): WriteRequestMessage {
  const message = WRITE_REQUEST.decode(bytes)
  const object = WRITE_REQUEST.toObject(message, { longs: String, defaults: true, arrays: true }) as WriteRequestMessage
  for (const sample of object.timeseries.flatMap(({ samples }) => samples)) {
    const bits = BigInt(sample.value)
    sample.value = new Float64Array(new BigUint64Array([bits]).buffer)[0]
    sample.stale = bits === STALE_BITS
  }
  return object
}

export function encodeMessage(object: object): Buffer {
  return Buffer.from(WRITE_REQUEST.encode(WRITE_REQUEST.fromObject(object)).finish())
}

/** One stored sample, flat. */
export interface Received {
  labels: { [name: string]: string }
  value: number
  stale: boolean
  /** Unix milliseconds. */
  ms: number
}

/** The samples of requests, in order. */
export function samplesOf(messages: readonly WriteRequestMessage[]): Received[] {
  return messages.flatMap(({ timeseries }) =>
    timeseries.flatMap(({ labels, samples }) => {
      const map = Object.fromEntries(labels.map(({ name, value }) => [name, value]))
      return samples.map(({ value, stale, timestamp }) => ({ labels: map, value, stale, ms: Number(timestamp) }))
    }),
  )
}

/** A receiver on a free port; `answer` is asked for every request, by its number from 0. */
export class Receiver extends Collector<WriteRequestMessage> {
  static async start(
    answer: (index: number, message: WriteRequestMessage) => Answer | Promise<Answer>,
  ): Promise<Receiver> {
    return new Receiver((_, body) => decodeMessage(uncompressSync(body) as Buffer), answer).listen()
  }

  get url(): string {
    return `${this.origin}/api/v1/write`
  }

  /** Requests that were answered with success. */
  get stored(): WriteRequestMessage[] {
    return this.taken
  }
}
