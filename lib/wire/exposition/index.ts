// The exposition formats of Prometheus and OpenMetrics: a body to a cursor over its entries.

import { CustomBucketsParser } from './nhcb.js'
import { OpenMetricsParser } from './openmetrics.js'
import type { ExpositionFormat, ExpositionOptions, ExpositionParser } from './parser.js'
import { ProtobufParser } from './protobuf.js'
import { TextParser } from './text.js'

export { type AnnouncedFormat, formatOf } from './content_type.js'
export { guessFormat } from './guess.js'
export { checkExposition, recordsOf, type RecordOptions } from './records.js'
export type { EntryKind, ExpositionFormat, ExpositionOptions, ExpositionParser } from './parser.js'

/** A cursor at the beginning of a body, which must not be written to while it is read. */
export function openParser(body: Buffer, format: ExpositionFormat, options: ExpositionOptions): ExpositionParser {
  if (format === 'protobuf') return new ProtobufParser(body, options)
  const parser = format === 'text' ? new TextParser(body, options) : new OpenMetricsParser(body, options)
  if (options.convertToCustomBuckets !== true) return parser
  return new CustomBucketsParser(parser, options.classicHistograms === true)
}
