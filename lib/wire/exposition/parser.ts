// What every exposition format is read through: a cursor over entries, in the order of the body.

import type { Exemplar, NativeHistogram } from '../../record/record.js'
import type { Problem } from '../../diag/problem.js'
import type { Labels } from '../../record/labels.js'

export type ExpositionFormat = 'text' | 'openmetrics' | 'protobuf'

export type EntryKind = 'help' | 'type' | 'unit' | 'comment' | 'series' | 'histogram'

export interface ExpositionOptions {
  /** Also show the classic series of histograms that have a native form (`always_scrape_classic_histograms`). */
  classicHistograms?: boolean
  /** Turn classic histograms into native ones with custom buckets (`convert_classic_histograms_to_nhcb`). */
  convertToCustomBuckets?: boolean
  /** OpenMetrics: `_created` lines become the start times of their family's series instead of series. */
  createdAsStart?: boolean
  /** Add `__type__` and `__unit__` labels. */
  typeAndUnitLabels?: boolean
  /** Names may hold any UTF-8 (the default), or only what Prometheus 2 allowed. */
  legacyNames?: boolean
  /** Protobuf: false reads histograms as if they had no native form (`scrape_native_histograms: false`). */
  nativeHistograms?: boolean
  /** What errors call the body, e.g. its file; `body` if absent. */
  name?: string
}

/** Knows what is likely to come next, because it came next the last time. */
export interface SeriesGuess {
  /**
   * Takes in what stands at `at` as it stood last time, samples included, as long as nobody has to look at it: the
   * offset of what is left, with a kind as after `line`. @param end of the body: a line is whole if its line feed is before
   */
  run(at: number, end: number): number
  /** Where the bytes of the next series end, if they stand at `at` in the body; else -1. */
  end(at: number): number
  /** Where the next HELP or TYPE line ends, if it stands at `at`, else -1. What it says is taken as known: it shows as a comment. */
  line(at: number): number
  /** After `line` the type that the line gives, as `text` would show it; `''` where it gives none. */
  readonly kind: string
}

/**
 * Moves over the entries of one body. After `help`, `type` and `unit`, `metric` and `text` are theirs; after `series`
 * and `histogram` the rest is. Nothing is decoded before it is asked for, or valid after the next `next()`.
 */
export interface ExpositionParser {
  /**
   * Parsers that have this ask it at the beginning of each series. Where it is right the labels are not looked at
   * unless they are asked for; the entries are the same with it as without.
   */
  guess?: SeriesGuess | null
  /** The next entry, null at the end. Throws a Problem with line and column. */
  next(): EntryKind | null
  /** Family name. */
  readonly metric: string
  /** Help text, metric type (counter, gauge, histogram, gaugehistogram, summary, info, stateset, unknown) or unit. */
  readonly text: string
  /** Bytes that stand for the series: equal bytes, equal labels. `buffer` is the body, or an own one where it has none. */
  readonly buffer: Buffer
  readonly keyStart: number
  readonly keyEnd: number
  readonly value: number
  /** Unix milliseconds, where the body gives one. */
  readonly timestamp: number | undefined
  /** When the counter started, Unix milliseconds, where the body gives it. */
  readonly startTimestamp: number | undefined
  /** After `histogram`. */
  readonly histogram: NativeHistogram | undefined
  /** Labels with `__name__` among them; of a name given twice both. Throws a Problem where a label is none (protobuf). */
  labels(): Labels
  exemplars(): Exemplar[]
  /** What to throw where the current series cannot be, for a reason beyond the format: the message at its place. */
  invalid(message: string): Problem
}
