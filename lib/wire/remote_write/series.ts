// Label sets as remote write wants them: `__name__` among the others, sorted, valid, encoded once per series.

import { type Labels, labelPairs, labelsOfMap } from '../../record/labels.js'
import { fnv1a } from '../fnv.js'
import { bytesTag, doubleTag, ProtoWriter, varintTag } from './writer.js'

const NAME = '__name__'

/** A series on its way out. */
export interface Series {
  /** The bytes of a TimeSeries of one sample up to the value, for times whose varint takes six bytes. */
  readonly head: Buffer
  /** Where in `head` the `labels` fields start. */
  readonly labelsStart: number
  /** FNV-1a of the labels: equal series, equal hash. */
  readonly hash: number
}

/** Varint bytes of a time, see `hasSixBytes`. */
export const TIME_BYTES = 6
export const TIME_TAG = varintTag(2)
/** What follows the head of a series: the value, and the time with its tag. */
export const TAIL_BYTES = 8 + 1 + TIME_BYTES
/** A Sample message: tag and double, tag and time. */
const SAMPLE_BYTES = 9 + 1 + TIME_BYTES
/** What stands between labels and value: tag and length of the Sample, tag of the value. */
const SAMPLE_HEAD = [bytesTag(2), SAMPLE_BYTES, doubleTag(1)]

/**
 * The labels of a series: `name` as `__name__`, the external ones where they are not there already, empty values left
 * out (an empty label is an absent one).
 */
export function seriesLabels(name: string, labels: Labels, external: ReadonlyMap<string, string>): Labels {
  const all = external.size === 0 ? labels : labelsOfMap(new Map([...external, ...labelPairs(labels)]))
  const out: string[] = []
  let placed = name === ''
  for (let i = 0; i < all.length; i += 2) {
    const key = all[i]
    // ASCII sorts the same by code units and by code points.
    if (!placed && key >= NAME) {
      out.push(NAME, name)
      placed = true
    }
    if (all[i + 1] !== '' && (name === '' || key !== NAME)) out.push(key, all[i + 1])
  }
  if (!placed) out.push(NAME, name)
  return out
}

/**
 * What is wrong with a label set, in order, or null: names must not be empty or repeated, and all text must be UTF-8 (a
 * string that came from other bytes holds lone surrogates). The legacy scheme wants letters, digits and underscores.
 */
export function labelsComplaint(labels: Labels, scheme: 'utf8' | 'legacy' = 'utf8'): string | null {
  for (let i = 0; i < labels.length; i += 2) {
    const name = labels[i]
    const value = labels[i + 1]
    if (name === NAME && !isName(value, scheme, LEGACY_METRIC)) return `invalid metric name: ${value}`
    if (!isName(name, scheme, LEGACY_LABEL)) return `invalid label name: ${name}`
    if (!value.isWellFormed()) return `invalid label value: ${value}`
    if (i > 0 && name === labels[i - 2]) return `duplicate label with name: ${name}`
  }
  return null
}

const LEGACY_METRIC = /^[A-Za-z_:][\w:]*$/
const LEGACY_LABEL = /^[A-Za-z_]\w*$/

function isName(text: string, scheme: 'utf8' | 'legacy', legacy: RegExp): boolean {
  return text !== '' && (scheme === 'legacy' ? legacy.test(text) : text.isWellFormed())
}

/** Whether the varint of a time takes six bytes: that of every Unix millisecond from 1971 to 2109 does. */
export function hasSixBytes(ms: number): boolean {
  return ms >= 2 ** 35 && ms < 2 ** 42
}

/** The six bytes as two numbers, of four and of two bytes, little-endian. */
export function sixBytes(ms: number): readonly [number, number] {
  const group = (shift: number) => Math.floor(ms / 2 ** shift) & 0x7f
  const low = group(0) | (group(7) << 8) | (group(14) << 16) | (group(21) << 24) | 0x80808080
  return [low, group(28) | 0x80 | (group(35) << 8)]
}

/** One buffer for all that are encoded: memory of its own for each series costs more than the encoding. */
const encoded = new ProtoWriter()
const message = new ProtoWriter()
const label = new ProtoWriter()

/** Encodes a valid, sorted label set. */
export function seriesOf(labels: Labels): Series {
  encoded.length = 0
  writeLabels(encoded, labels)
  const bytes = encoded.view()
  message.uint(bytesTag(1))
  message.uint(bytes.length + 2 + SAMPLE_BYTES)
  const labelsStart = message.length
  message.bytes(bytes)
  for (const byte of SAMPLE_HEAD) message.uint(byte)
  return { head: message.take(), labelsStart, hash: fnv1a(bytes) }
}

/** The `labels` fields of a series' TimeSeries messages. */
export function encodedLabels({ head, labelsStart }: Series): Buffer {
  return head.subarray(labelsStart, head.length - SAMPLE_HEAD.length)
}

/** `repeated Label labels = 1` of a TimeSeries or an Exemplar. */
export function writeLabels(writer: ProtoWriter, labels: Labels): void {
  for (let i = 0; i < labels.length; i += 2) {
    label.length = 0
    label.string(1, labels[i])
    label.string(2, labels[i + 1])
    writer.message(1, label.view())
  }
}
