// Messages of OTLP as they are between bytes and records: the names of OTLP/JSON, and nothing where a field has its default.

export interface AnyValue {
  stringValue?: string
  boolValue?: boolean
  /** Decimal. */
  intValue?: string
  doubleValue?: number
  arrayValue?: { values?: AnyValue[] }
  kvlistValue?: { values?: KeyValue[] }
  /** Base64. */
  bytesValue?: string
  /** In profiles: a text of the dictionary. */
  stringValueStrindex?: number
}

export interface KeyValue {
  key?: string
  value?: AnyValue
  /** In profiles: a text of the dictionary. */
  keyStrindex?: number
}

export interface EntityRef {
  schemaUrl?: string
  type?: string
  idKeys?: string[]
  descriptionKeys?: string[]
}

export interface Resource {
  attributes?: KeyValue[]
  droppedAttributesCount?: number
  entityRefs?: EntityRef[]
}

export interface Scope {
  name?: string
  version?: string
  attributes?: KeyValue[]
  droppedAttributesCount?: number
}

/** Times are Unix nanoseconds, decimal; ids hex. */
export interface SpanEvent {
  timeUnixNano?: string
  name?: string
  attributes?: KeyValue[]
  droppedAttributesCount?: number
}

export interface SpanLink {
  traceId?: string
  spanId?: string
  traceState?: string
  attributes?: KeyValue[]
  droppedAttributesCount?: number
  flags?: number
}

export interface Span {
  traceId?: string
  spanId?: string
  traceState?: string
  parentSpanId?: string
  name?: string
  kind?: number
  startTimeUnixNano?: string
  endTimeUnixNano?: string
  attributes?: KeyValue[]
  droppedAttributesCount?: number
  events?: SpanEvent[]
  droppedEventsCount?: number
  links?: SpanLink[]
  droppedLinksCount?: number
  status?: { message?: string; code?: number }
  flags?: number
}

export interface LogRecord {
  timeUnixNano?: string
  severityNumber?: number
  severityText?: string
  body?: AnyValue
  attributes?: KeyValue[]
  droppedAttributesCount?: number
  flags?: number
  traceId?: string
  spanId?: string
  observedTimeUnixNano?: string
  eventName?: string
}

/** A value that is a double or a whole number (decimal), or neither. */
export interface NumberValue {
  asDouble?: number
  asInt?: string
}

export interface OtlpExemplar extends NumberValue {
  timeUnixNano?: string
  spanId?: string
  traceId?: string
  filteredAttributes?: KeyValue[]
}

interface Point {
  attributes?: KeyValue[]
  startTimeUnixNano?: string
  timeUnixNano?: string
  flags?: number
  exemplars?: OtlpExemplar[]
}

export interface NumberPoint extends Point, NumberValue {}

/** Counts are decimal strings here and below. */
export interface HistogramPoint extends Point {
  count?: string
  sum?: number
  bucketCounts?: string[]
  explicitBounds?: number[]
  min?: number
  max?: number
}

export interface Buckets {
  offset?: number
  bucketCounts?: string[]
}

export interface ExponentialPoint extends Point {
  count?: string
  sum?: number
  scale?: number
  zeroCount?: string
  positive?: Buckets
  negative?: Buckets
  min?: number
  max?: number
  zeroThreshold?: number
}

export interface SummaryPoint extends Point {
  count?: string
  sum?: number
  quantileValues?: { quantile?: number; value?: number }[]
}

export type AnyPoint = NumberPoint & HistogramPoint & ExponentialPoint & SummaryPoint

/** Points of one form of metric, and what goes for all of them. */
export interface Points<P> {
  dataPoints?: P[]
  aggregationTemporality?: number
  isMonotonic?: boolean
}

export interface Metric {
  name?: string
  description?: string
  unit?: string
  metadata?: KeyValue[]
  gauge?: Points<NumberPoint>
  sum?: Points<NumberPoint>
  histogram?: Points<HistogramPoint>
  exponentialHistogram?: Points<ExponentialPoint>
  summary?: Points<SummaryPoint>
}

/** What refers to entries of the dictionary does so by index. */
export interface Profile {
  sampleType?: ValueType
  samples?: ProfileSample[]
  timeUnixNano?: string
  durationNano?: string
  periodType?: ValueType
  period?: string
  profileId?: string
  droppedAttributesCount?: number
  originalPayloadFormat?: string
  /** Base64. */
  originalPayload?: string
  attributeIndices?: number[]
}

export interface ValueType {
  typeStrindex?: number
  unitStrindex?: number
}

export interface ProfileSample {
  stackIndex?: number
  attributeIndices?: number[]
  linkIndex?: number
  values?: string[]
  timestampsUnixNano?: string[]
}

/** Of the entries of its tables those that are read here. */
export interface ProfilesDictionary {
  mappingTable?: object[]
  locationTable?: object[]
  functionTable?: object[]
  linkTable?: object[]
  stringTable?: string[]
  attributeTable?: { keyStrindex?: number; value?: AnyValue; unitStrindex?: number }[]
  stackTable?: object[]
}

interface InResource {
  resource?: Resource
  schemaUrl?: string
}
interface InScope {
  scope?: Scope
  schemaUrl?: string
}

export interface TracesRequest {
  resourceSpans?: (InResource & { scopeSpans?: (InScope & { spans?: Span[] })[] })[]
}
export interface LogsRequest {
  resourceLogs?: (InResource & { scopeLogs?: (InScope & { logRecords?: LogRecord[] })[] })[]
}
export interface MetricsRequest {
  resourceMetrics?: (InResource & { scopeMetrics?: (InScope & { metrics?: Metric[] })[] })[]
}
export interface ProfilesRequest {
  resourceProfiles?: (InResource & { scopeProfiles?: (InScope & { profiles?: Profile[] })[] })[]
  dictionary?: ProfilesDictionary
}

export interface Requests {
  traces: TracesRequest
  logs: LogsRequest
  metrics: MetricsRequest
  profiles: ProfilesRequest
}
