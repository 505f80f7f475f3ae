// The messages of OTLP 1.x as data: one table that is read for protobuf and for JSON, in both directions
// (opentelemetry-proto: common, resource, trace, logs, metrics, of version 1.10 profiles, and their collector services).

/**
 * What a field is on the wire, and what stands for it in a message: `string`; `bool`; `bytes`, base64; `id`, bytes in
 * lower-case hex; `double`, `uint32`, `int32` (enums too), `fixed32` and `sint32`, numbers; the 64-bit ones, decimal strings.
 */
export type Scalar =
  | 'string' | 'bool' | 'bytes' | 'id' | 'double' | 'uint32' | 'int32' | 'fixed32' | 'sint32' | 'int64' | 'sfixed64'
  | 'uint64' | 'fixed64'

export interface Field {
  readonly number: number
  /** Its name in JSON. */
  readonly name: string
  readonly kind: Scalar | MessageType
  readonly list: boolean
  /** Whether it is told even where it is zero. */
  readonly present: boolean
  /** Whether it is a member of the oneof of its message: no message here has two. */
  readonly choice: boolean
}

type Row = readonly [number: number, name: string, kind: Field['kind'], how?: 'list' | 'optional' | 'oneof']

/** Fields by name and by number, worked out when they are first asked for: a value may hold values. */
export class MessageType {
  #fields: readonly Field[] | null = null
  #byName: ReadonlyMap<string, Field> | null = null
  #byNumber: readonly (Field | undefined)[] | null = null

  /** @param exact what a field of another wire type is not as; without, such fields are passed over as unknown ones are */
  constructor(
    private readonly rows: () => readonly Row[],
    readonly exact: string | null = null,
  ) {}

  get fields(): readonly Field[] {
    return (this.#fields ??= this.rows().map(([number, name, kind, how]) => {
      return { number, name, kind, list: how === 'list', present: how === 'optional' || how === 'oneof', choice: how === 'oneof' }
    }))
  }

  get byName(): ReadonlyMap<string, Field> {
    return (this.#byName ??= new Map(this.fields.map((field) => [field.name, field])))
  }

  get byNumber(): readonly (Field | undefined)[] {
    if (this.#byNumber !== null) return this.#byNumber
    const byNumber: (Field | undefined)[] = new Array(Math.max(...this.fields.map(({ number }) => number)) + 1).fill(undefined)
    for (const field of this.fields) byNumber[field.number] = field
    return (this.#byNumber = byNumber)
  }
}

const type = (...rows: readonly Row[]) => new MessageType(() => rows)

const ENTITY_REF = type(
  [1, 'schemaUrl', 'string'],
  [2, 'type', 'string'],
  [3, 'idKeys', 'string', 'list'],
  [4, 'descriptionKeys', 'string', 'list'],
)

/** Values, and what has attributes. @param indexed whether texts may be indices into a table, which profiles have */
function attributed(indexed: boolean) {
  const value: MessageType = new MessageType(() => [
    [1, 'stringValue', 'string', 'oneof'],
    [2, 'boolValue', 'bool', 'oneof'],
    [3, 'intValue', 'int64', 'oneof'],
    [4, 'doubleValue', 'double', 'oneof'],
    [5, 'arrayValue', type([1, 'values', value, 'list']), 'oneof'],
    [6, 'kvlistValue', type([1, 'values', keyValue, 'list']), 'oneof'],
    [7, 'bytesValue', 'bytes', 'oneof'],
    ...(indexed ? [[8, 'stringValueStrindex', 'int32', 'oneof'] as const] : []),
  ])
  const keyStrindex: readonly Row[] = indexed ? [[3, 'keyStrindex', 'int32', 'optional']] : []
  const keyValue = type([1, 'key', 'string'], [2, 'value', value], ...keyStrindex)
  const resource = type(
    [1, 'attributes', keyValue, 'list'],
    [2, 'droppedAttributesCount', 'uint32'],
    [3, 'entityRefs', ENTITY_REF, 'list'],
  )
  const scope = type(
    [1, 'name', 'string'],
    [2, 'version', 'string'],
    [3, 'attributes', keyValue, 'list'],
    [4, 'droppedAttributesCount', 'uint32'],
  )
  return { value, keyValue, resource, scope }
}

const PLAIN = attributed(false)
const INDEXED = attributed(true)
const { value: VALUE } = PLAIN
export const { keyValue: KEY_VALUE, resource: RESOURCE, scope: SCOPE } = PLAIN

/** A request to export: resources, of each the scopes, of each the items. */
function request(
  resources: string, scopes: string, items: string, item: MessageType, of = PLAIN, ...more: readonly Row[]
): MessageType {
  const scoped = type([1, 'scope', of.scope], [2, items, item, 'list'], [3, 'schemaUrl', 'string'])
  const inResource = type([1, 'resource', of.resource], [2, scopes, scoped, 'list'], [3, 'schemaUrl', 'string'])
  return type([1, resources, inResource, 'list'], ...more)
}

/** The answer to an export, whose partial success counts what was not taken. */
function answer(rejected: string): MessageType {
  return type([1, 'partialSuccess', type([1, rejected, 'int64'], [2, 'errorMessage', 'string'])])
}

const EVENT = type(
  [1, 'timeUnixNano', 'fixed64'],
  [2, 'name', 'string'],
  [3, 'attributes', KEY_VALUE, 'list'],
  [4, 'droppedAttributesCount', 'uint32'],
)
const LINK = type(
  [1, 'traceId', 'id'],
  [2, 'spanId', 'id'],
  [3, 'traceState', 'string'],
  [4, 'attributes', KEY_VALUE, 'list'],
  [5, 'droppedAttributesCount', 'uint32'],
  [6, 'flags', 'fixed32'],
)
const SPAN = type(
  [1, 'traceId', 'id'],
  [2, 'spanId', 'id'],
  [3, 'traceState', 'string'],
  [4, 'parentSpanId', 'id'],
  [5, 'name', 'string'],
  [6, 'kind', 'int32'],
  [7, 'startTimeUnixNano', 'fixed64'],
  [8, 'endTimeUnixNano', 'fixed64'],
  [9, 'attributes', KEY_VALUE, 'list'],
  [10, 'droppedAttributesCount', 'uint32'],
  [11, 'events', EVENT, 'list'],
  [12, 'droppedEventsCount', 'uint32'],
  [13, 'links', LINK, 'list'],
  [14, 'droppedLinksCount', 'uint32'],
  [15, 'status', type([2, 'message', 'string'], [3, 'code', 'int32'])],
  [16, 'flags', 'fixed32'],
)

const LOG_RECORD = type(
  [1, 'timeUnixNano', 'fixed64'],
  [2, 'severityNumber', 'int32'],
  [3, 'severityText', 'string'],
  [5, 'body', VALUE],
  [6, 'attributes', KEY_VALUE, 'list'],
  [7, 'droppedAttributesCount', 'uint32'],
  [8, 'flags', 'fixed32'],
  [9, 'traceId', 'id'],
  [10, 'spanId', 'id'],
  [11, 'observedTimeUnixNano', 'fixed64'],
  [12, 'eventName', 'string'],
)

const EXEMPLAR = type(
  [2, 'timeUnixNano', 'fixed64'],
  [3, 'asDouble', 'double', 'oneof'],
  [4, 'spanId', 'id'],
  [5, 'traceId', 'id'],
  [6, 'asInt', 'sfixed64', 'oneof'],
  [7, 'filteredAttributes', KEY_VALUE, 'list'],
)
const NUMBER_POINT = type(
  [2, 'startTimeUnixNano', 'fixed64'],
  [3, 'timeUnixNano', 'fixed64'],
  [4, 'asDouble', 'double', 'oneof'],
  [5, 'exemplars', EXEMPLAR, 'list'],
  [6, 'asInt', 'sfixed64', 'oneof'],
  [7, 'attributes', KEY_VALUE, 'list'],
  [8, 'flags', 'uint32'],
)
const HISTOGRAM_POINT = type(
  [2, 'startTimeUnixNano', 'fixed64'],
  [3, 'timeUnixNano', 'fixed64'],
  [4, 'count', 'fixed64'],
  [5, 'sum', 'double', 'optional'],
  [6, 'bucketCounts', 'fixed64', 'list'],
  [7, 'explicitBounds', 'double', 'list'],
  [8, 'exemplars', EXEMPLAR, 'list'],
  [9, 'attributes', KEY_VALUE, 'list'],
  [10, 'flags', 'uint32'],
  [11, 'min', 'double', 'optional'],
  [12, 'max', 'double', 'optional'],
)
const BUCKETS = type([1, 'offset', 'sint32'], [2, 'bucketCounts', 'uint64', 'list'])
const EXPONENTIAL_POINT = type(
  [1, 'attributes', KEY_VALUE, 'list'],
  [2, 'startTimeUnixNano', 'fixed64'],
  [3, 'timeUnixNano', 'fixed64'],
  [4, 'count', 'fixed64'],
  [5, 'sum', 'double', 'optional'],
  [6, 'scale', 'sint32'],
  [7, 'zeroCount', 'fixed64'],
  [8, 'positive', BUCKETS],
  [9, 'negative', BUCKETS],
  [10, 'flags', 'uint32'],
  [11, 'exemplars', EXEMPLAR, 'list'],
  [12, 'min', 'double', 'optional'],
  [13, 'max', 'double', 'optional'],
  [14, 'zeroThreshold', 'double'],
)
const SUMMARY_POINT = type(
  [2, 'startTimeUnixNano', 'fixed64'],
  [3, 'timeUnixNano', 'fixed64'],
  [4, 'count', 'fixed64'],
  [5, 'sum', 'double'],
  [6, 'quantileValues', type([1, 'quantile', 'double'], [2, 'value', 'double']), 'list'],
  [7, 'attributes', KEY_VALUE, 'list'],
  [8, 'flags', 'uint32'],
)
const TEMPORALITY: Row = [2, 'aggregationTemporality', 'int32']
const METRIC = type(
  [1, 'name', 'string'],
  [2, 'description', 'string'],
  [3, 'unit', 'string'],
  [5, 'gauge', type([1, 'dataPoints', NUMBER_POINT, 'list']), 'oneof'],
  [7, 'sum', type([1, 'dataPoints', NUMBER_POINT, 'list'], TEMPORALITY, [3, 'isMonotonic', 'bool']), 'oneof'],
  [9, 'histogram', type([1, 'dataPoints', HISTOGRAM_POINT, 'list'], TEMPORALITY), 'oneof'],
  [10, 'exponentialHistogram', type([1, 'dataPoints', EXPONENTIAL_POINT, 'list'], TEMPORALITY), 'oneof'],
  [11, 'summary', type([1, 'dataPoints', SUMMARY_POINT, 'list']), 'oneof'],
  [12, 'metadata', KEY_VALUE, 'list'],
)

/** Versions number fields anew: what another one has sent is known by the wire types. */
const profiling = (...rows: readonly Row[]) => new MessageType(() => rows, 'version 1.10 of opentelemetry-proto')

const VALUE_TYPE = profiling([1, 'typeStrindex', 'int32'], [2, 'unitStrindex', 'int32'])
const SAMPLE = profiling(
  [1, 'stackIndex', 'int32'],
  [2, 'attributeIndices', 'int32', 'list'],
  [3, 'linkIndex', 'int32'],
  [4, 'values', 'int64', 'list'],
  [5, 'timestampsUnixNano', 'fixed64', 'list'],
)
export const PROFILE = profiling(
  [1, 'sampleType', VALUE_TYPE],
  [2, 'samples', SAMPLE, 'list'],
  [3, 'timeUnixNano', 'fixed64'],
  [4, 'durationNano', 'uint64'],
  [5, 'periodType', VALUE_TYPE],
  [6, 'period', 'int64'],
  [7, 'profileId', 'id'],
  [8, 'droppedAttributesCount', 'uint32'],
  [9, 'originalPayloadFormat', 'string'],
  [10, 'originalPayload', 'bytes'],
  [11, 'attributeIndices', 'int32', 'list'],
)
const MAPPING = profiling(
  [1, 'memoryStart', 'uint64'],
  [2, 'memoryLimit', 'uint64'],
  [3, 'fileOffset', 'uint64'],
  [4, 'filenameStrindex', 'int32'],
  [5, 'attributeIndices', 'int32', 'list'],
)
const LOCATION = profiling(
  [1, 'mappingIndex', 'int32'],
  [2, 'address', 'uint64'],
  [3, 'lines', profiling([1, 'functionIndex', 'int32'], [2, 'line', 'int64'], [3, 'column', 'int64']), 'list'],
  [4, 'attributeIndices', 'int32', 'list'],
)
const FUNCTION = profiling(
  [1, 'nameStrindex', 'int32'],
  [2, 'systemNameStrindex', 'int32'],
  [3, 'filenameStrindex', 'int32'],
  [4, 'startLine', 'int64'],
)
const ATTRIBUTE = profiling([1, 'keyStrindex', 'int32'], [2, 'value', INDEXED.value], [3, 'unitStrindex', 'int32'])
export const DICTIONARY = profiling(
  [1, 'mappingTable', MAPPING, 'list'],
  [2, 'locationTable', LOCATION, 'list'],
  [3, 'functionTable', FUNCTION, 'list'],
  [4, 'linkTable', profiling([1, 'traceId', 'id'], [2, 'spanId', 'id']), 'list'],
  [5, 'stringTable', 'string', 'list'],
  [6, 'attributeTable', ATTRIBUTE, 'list'],
  [7, 'stackTable', profiling([1, 'locationIndices', 'int32', 'list']), 'list'],
)

export const SIGNALS = ['traces', 'logs', 'metrics', 'profiles'] as const
export type Signal = (typeof SIGNALS)[number]

export const REQUESTS: Readonly<Record<Signal, MessageType>> = {
  traces: request('resourceSpans', 'scopeSpans', 'spans', SPAN),
  logs: request('resourceLogs', 'scopeLogs', 'logRecords', LOG_RECORD),
  metrics: request('resourceMetrics', 'scopeMetrics', 'metrics', METRIC),
  profiles: request('resourceProfiles', 'scopeProfiles', 'profiles', PROFILE, INDEXED, [2, 'dictionary', DICTIONARY]),
}

/** What a request of these signals is made of. */
export const ITEMS: Readonly<Record<'traces' | 'logs', MessageType>> = { traces: SPAN, logs: LOG_RECORD }

export const ANSWERS: Readonly<Record<Signal, MessageType>> = {
  traces: answer('rejectedSpans'),
  logs: answer('rejectedLogRecords'),
  metrics: answer('rejectedDataPoints'),
  profiles: answer('rejectedProfiles'),
}

/** What servers say when they take nothing (google.rpc.Status, without its details). */
export const STATUS = type([1, 'code', 'int32'], [2, 'message', 'string'])
