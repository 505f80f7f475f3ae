// Remote write 2.0 as its schema has it, by protobufjs; references resolved, so that a test reads what they mean.

import protobuf from 'protobufjs'
import type { Label } from './remote_write.js'

const SCHEMA = `
  syntax = "proto3";
  message Request { repeated string symbols = 4; repeated TimeSeries timeseries = 5; }
  message TimeSeries {
    repeated uint32 labels_refs = 1; repeated Sample samples = 2; repeated Histogram histograms = 3;
    repeated Exemplar exemplars = 4; Metadata metadata = 5; int64 created_timestamp = 6;
  }
  message Exemplar { repeated uint32 labels_refs = 1; double value = 2; int64 timestamp = 3; }
  message Sample { double value = 1; int64 timestamp = 2; int64 start_timestamp = 3; }
  message Metadata { uint32 type = 1; uint32 help_ref = 3; uint32 unit_ref = 4; }
  message Histogram {
    oneof count { uint64 count_int = 1; double count_float = 2; }
    double sum = 3; sint32 schema = 4; double zero_threshold = 5;
    oneof zero_count { uint64 zero_count_int = 6; double zero_count_float = 7; }
    repeated BucketSpan negative_spans = 8; repeated sint64 negative_deltas = 9; repeated double negative_counts = 10;
    repeated BucketSpan positive_spans = 11; repeated sint64 positive_deltas = 12; repeated double positive_counts = 13;
    int32 reset_hint = 14; int64 timestamp = 15; repeated double custom_values = 16; int64 start_timestamp = 17;
  }
  message BucketSpan { sint32 offset = 1; uint32 length = 2; }`

const REQUEST = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('Request')

interface Exemplar {
  labels_refs: number[]
  value: number
  timestamp: string
}

/** As protobufjs shows it: 64-bit numbers as decimal strings, every field there but absent messages. */
export interface RequestMessage {
  symbols: string[]
  timeseries: {
    labels_refs: number[]
    samples: { value: number; timestamp: string; start_timestamp: string }[]
    histograms: { [field: string]: unknown; timestamp: string; start_timestamp: string }[]
    exemplars: Exemplar[]
    metadata: { type: number; help_ref: number; unit_ref: number } | null
    created_timestamp: string
  }[]
}

export type SeriesMessage = RequestMessage['timeseries'][number]

export function decodeRequestMessage(bytes: Uint8Array): RequestMessage {
  return REQUEST.toObject(REQUEST.decode(bytes), { longs: String, defaults: true, arrays: true }) as RequestMessage
}

export function encodeRequestMessage(object: object): Buffer {
  return Buffer.from(REQUEST.encode(REQUEST.fromObject(object)).finish())
}

/** The labels that references mean, in their order. */
export function labelsAt(refs: readonly number[], symbols: readonly string[]): Label[] {
  return Array.from({ length: refs.length / 2 }, (_, i) => ({
    name: symbols[refs[2 * i]],
    value: symbols[refs[2 * i + 1]],
  }))
}
