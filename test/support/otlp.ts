// OTLP as its schema has it (opentelemetry-proto 1.x): exports decoded by protobufjs, with nothing of the code under
// test, and a receiver with a script.

import type { IncomingMessage } from 'node:http'
import { gunzipSync } from 'node:zlib'
import protobuf from 'protobufjs'
import { type Answer, Collector } from './collector.js'

const SCHEMA = `
  syntax = "proto3";
  message AnyValue { oneof value {
    string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; ArrayValue array_value = 5;
    KeyValueList kvlist_value = 6; bytes bytes_value = 7; int32 string_value_strindex = 8; } }
  message ArrayValue { repeated AnyValue values = 1; }
  message KeyValueList { repeated KeyValue values = 1; }
  message KeyValue { string key = 1; AnyValue value = 2; int32 key_strindex = 3; }
  message InstrumentationScope { string name = 1; string version = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
  message EntityRef { string schema_url = 1; string type = 2; repeated string id_keys = 3; repeated string description_keys = 4; }
  message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; repeated EntityRef entity_refs = 3; }

  message Traces { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
  message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; string schema_url = 3; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; fixed32 flags = 16; string name = 5; int32 kind = 6;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; uint32 dropped_attributes_count = 10;
    repeated Event events = 11; uint32 dropped_events_count = 12; repeated Link links = 13; uint32 dropped_links_count = 14; Status status = 15;
    message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
    message Link {
      bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4;
      uint32 dropped_attributes_count = 5; fixed32 flags = 6; }
    message Status { string message = 2; int32 code = 3; } }

  message Logs { repeated ResourceLogs resource_logs = 1; }
  message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; string schema_url = 3; }
  message ScopeLogs { InstrumentationScope scope = 1; repeated LogRecord log_records = 2; string schema_url = 3; }
  message LogRecord {
    fixed64 time_unix_nano = 1; fixed64 observed_time_unix_nano = 11; int32 severity_number = 2; string severity_text = 3; AnyValue body = 5;
    repeated KeyValue attributes = 6; uint32 dropped_attributes_count = 7; fixed32 flags = 8; bytes trace_id = 9; bytes span_id = 10;
    string event_name = 12; }

  message Metrics { repeated ResourceMetrics resource_metrics = 1; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; string schema_url = 3; }
  message ScopeMetrics { InstrumentationScope scope = 1; repeated Metric metrics = 2; string schema_url = 3; }
  message Metric {
    string name = 1; string description = 2; string unit = 3; repeated KeyValue metadata = 12;
    oneof data { Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; ExponentialHistogram exponential_histogram = 10; Summary summary = 11; } }
  message Gauge { repeated NumberDataPoint data_points = 1; }
  message Sum { repeated NumberDataPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
  message Histogram { repeated HistogramDataPoint data_points = 1; int32 aggregation_temporality = 2; }
  message ExponentialHistogram { repeated ExponentialHistogramDataPoint data_points = 1; int32 aggregation_temporality = 2; }
  message Summary { repeated SummaryDataPoint data_points = 1; }
  message NumberDataPoint {
    repeated KeyValue attributes = 7; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3;
    oneof value { double as_double = 4; sfixed64 as_int = 6; } repeated Exemplar exemplars = 5; uint32 flags = 8; }
  message HistogramDataPoint {
    repeated KeyValue attributes = 9; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4; optional double sum = 5;
    repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7; repeated Exemplar exemplars = 8; uint32 flags = 10;
    optional double min = 11; optional double max = 12; }
  message ExponentialHistogramDataPoint {
    repeated KeyValue attributes = 1; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4; optional double sum = 5;
    sint32 scale = 6; fixed64 zero_count = 7; Buckets positive = 8; Buckets negative = 9; uint32 flags = 10; repeated Exemplar exemplars = 11;
    optional double min = 12; optional double max = 13; double zero_threshold = 14;
    message Buckets { sint32 offset = 1; repeated uint64 bucket_counts = 2; } }
  message SummaryDataPoint {
    repeated KeyValue attributes = 7; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4; double sum = 5;
    repeated ValueAtQuantile quantile_values = 6; uint32 flags = 8;
    message ValueAtQuantile { double quantile = 1; double value = 2; } }
  message Exemplar {
    repeated KeyValue filtered_attributes = 7; fixed64 time_unix_nano = 2; oneof value { double as_double = 3; sfixed64 as_int = 6; }
    bytes span_id = 4; bytes trace_id = 5; }

  message Profiles { repeated ResourceProfiles resource_profiles = 1; ProfilesDictionary dictionary = 2; }
  message ResourceProfiles { Resource resource = 1; repeated ScopeProfiles scope_profiles = 2; string schema_url = 3; }
  message ScopeProfiles { InstrumentationScope scope = 1; repeated Profile profiles = 2; string schema_url = 3; }
  message ProfilesDictionary {
    repeated Mapping mapping_table = 1; repeated Location location_table = 2; repeated Function function_table = 3; repeated SpanLink link_table = 4;
    repeated string string_table = 5; repeated KeyValueAndUnit attribute_table = 6; repeated Stack stack_table = 7; }
  message Profile {
    ValueType sample_type = 1; repeated Sample samples = 2; fixed64 time_unix_nano = 3; uint64 duration_nano = 4; ValueType period_type = 5;
    int64 period = 6; bytes profile_id = 7; uint32 dropped_attributes_count = 8; string original_payload_format = 9; bytes original_payload = 10;
    repeated int32 attribute_indices = 11; }
  message ValueType { int32 type_strindex = 1; int32 unit_strindex = 2; }
  message Sample {
    int32 stack_index = 1; repeated int32 attribute_indices = 2; int32 link_index = 3; repeated int64 values = 4;
    repeated fixed64 timestamps_unix_nano = 5; }
  message Mapping {
    uint64 memory_start = 1; uint64 memory_limit = 2; uint64 file_offset = 3; int32 filename_strindex = 4; repeated int32 attribute_indices = 5; }
  message Location { int32 mapping_index = 1; uint64 address = 2; repeated Line lines = 3; repeated int32 attribute_indices = 4; }
  message Line { int32 function_index = 1; int64 line = 2; int64 column = 3; }
  message Function { int32 name_strindex = 1; int32 system_name_strindex = 2; int32 filename_strindex = 3; int64 start_line = 4; }
  message SpanLink { bytes trace_id = 1; bytes span_id = 2; }
  message KeyValueAndUnit { int32 key_strindex = 1; AnyValue value = 2; int32 unit_strindex = 3; }
  message Stack { repeated int32 location_indices = 1; }

  message Answer { Partial partial_success = 1; }
  message Partial { int64 rejected = 1; string error_message = 2; }
  message Status { int32 code = 1; string message = 2; }`

const { root } = protobuf.parse(SCHEMA)
const LEVELS = {
  traces: ['Traces', 'resourceSpans', 'scopeSpans', 'spans'],
  logs: ['Logs', 'resourceLogs', 'scopeLogs', 'logRecords'],
  metrics: ['Metrics', 'resourceMetrics', 'scopeMetrics', 'metrics'],
  profiles: ['Profiles', 'resourceProfiles', 'scopeProfiles', 'profiles'],
} as const

export type ExportSignal = keyof typeof LEVELS
type Fields = { [name: string]: unknown }

/** What an export holds of one resource and scope: a span, a log entry, a metric, or a profile with the dictionary. */
export interface Exported {
  signal: ExportSignal
  resource: Fields
  scope: Fields
  item: Fields
  dictionary?: Fields
}

/** Bytes in hex, as ids are in OTLP/JSON. */
function shown(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(shown)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shown(inner)]))
}

/**
 * The items of an export, as protobufjs shows them, or as they stand in JSON. Bytes are in hex, 64-bit numbers strings.
 */
export function exportedIn(signal: ExportSignal, body: Buffer, json = false): Exported[] {
  const [type, resources, scopes, items] = LEVELS[signal]
  const message = (json ? JSON.parse(body.toString()) : decoded(type, body)) as Fields
  const list = (of: Fields, name: string) => (of[name] ?? []) as Fields[]
  return list(message, resources).flatMap((inResource) =>
    list(inResource, scopes).flatMap((inScope) =>
      list(inScope, items).map((item) => ({
        signal,
        resource: { ...(inResource.resource as Fields), schemaUrl: inResource.schemaUrl },
        scope: { ...(inScope.scope as Fields), schemaUrl: inScope.schemaUrl },
        item,
        ...(message.dictionary !== undefined && { dictionary: message.dictionary as Fields }),
      })),
    ),
  )
}

function decoded(type: string, body: Buffer): Fields {
  const found = root.lookupType(type)
  return shown(found.toObject(found.decode(body), { longs: String })) as Fields
}

/** The protobuf of an answer or a status. */
export function encoded(type: 'Answer' | 'Status' | 'Traces' | 'Logs' | 'Metrics' | 'Profiles', message: object): Buffer {
  const found = root.lookupType(type)
  return Buffer.from(found.encode(found.fromObject(message)).finish())
}

function exportedOf({ url, headers }: IncomingMessage, body: Buffer): Exported[] {
  const signal = (Object.keys(LEVELS) as ExportSignal[]).find((name) => url!.includes(name))!
  const bytes = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
  return exportedIn(signal, bytes, headers['content-type'] === 'application/json')
}

/** A receiver on a free port; `answer` is asked for every export, by its number from 0. */
export class FakeOtlp extends Collector<Exported[]> {
  static async start(
    answer: (index: number, items: Exported[]) => Answer | Promise<Answer> = () => ({ status: 200 }),
  ): Promise<FakeOtlp> {
    return new FakeOtlp(exportedOf, answer).listen()
  }

  /** What was answered with success. */
  get stored(): Exported[] {
    return this.taken.flat()
  }
}
