// Jaeger's batches as they are between bytes and records: what its protobuf and its thrift model have in common.

import type { Json } from '../../record/json.js'

/** Values as attributes of records have them. */
export type Tag = readonly [key: string, value: Json]

export interface JaegerProcess {
  readonly service: string
  readonly tags: readonly Tag[]
}

export interface JaegerReference {
  /** 32 digits in hex. */
  readonly traceId: string
  /** 16 digits in hex. */
  readonly spanId: string
  readonly followsFrom: boolean
}

/** Times are Unix nanoseconds, decimal. */
export interface JaegerSpan {
  readonly traceId: string
  readonly spanId: string
  /** Zeros where the span says none. */
  readonly parentSpanId: string
  readonly name: string
  readonly references: readonly JaegerReference[]
  readonly start: string
  readonly end: string
  readonly tags: readonly Tag[]
  readonly logs: readonly { readonly ts: string; readonly fields: readonly Tag[] }[]
  /** Where it is another one than that of the batch. */
  readonly process: JaegerProcess | null
}

export interface JaegerBatch {
  readonly process: JaegerProcess | null
  readonly spans: readonly JaegerSpan[]
}

export const NO_PARENT = '0'.repeat(16)

const MAX_TIME = 2n ** 64n - 1n

/** Nanoseconds that a record can hold; the nearest where there are none. */
export function timeOf(nanoseconds: bigint): string {
  return String(nanoseconds < 0n ? 0n : nanoseconds > MAX_TIME ? MAX_TIME : nanoseconds)
}
