// Graphite's plaintext protocol: a line is a path, a value and a time (carbon, "Feeding In Your Data").

import { nanosOfMillis } from '../../record/time.js'
import { decimalOf } from '../decimal.js'

export interface GraphitePoint {
  /** With its tags, as it came. */
  readonly path: string
  readonly value: number
  /** Unix nanoseconds; undefined for a point of now. */
  readonly ts: string | undefined
}

/** The point of a line; or what is wrong with it. */
export function parseGraphite(line: string): GraphitePoint | string {
  const text = (line.includes('\t') ? line.replaceAll('\t', ' ') : line).trim()
  const pathEnd = text.indexOf(' ')
  if (pathEnd < 0) return 'expected a path, a value and a time'
  const path = text.slice(0, pathEnd)
  const rest = text.slice(pathEnd + 1).trimStart()
  const valueEnd = rest.indexOf(' ')
  const valueText = valueEnd < 0 ? rest : rest.slice(0, valueEnd)
  const value = decimalOf(valueText)
  if (Number.isNaN(value)) return `'${valueText.slice(0, 40)}': expected a number`
  if (valueEnd < 0) return { path, value, ts: undefined }
  const timeText = rest.slice(valueEnd + 1).trimStart()
  // What carbon takes for now.
  if (timeText === '-1' || timeText === 'N') return { path, value, ts: undefined }
  const seconds = decimalOf(timeText)
  if (!(seconds >= 0 && seconds < MAX_SECONDS)) return `'${timeText.slice(0, 40)}': expected a time in seconds`
  return { path, value, ts: nanosOfMillis(Math.round(seconds * 1000)) }
}

/** What 64 bits of nanoseconds hold. */
const MAX_SECONDS = 2 ** 63 / 1e9

/** A path taken apart: `name;tag=value;tag=value` (Graphite 1.1, "Tag Support"). What is wrong with it where it cannot be. */
export function splitPath(path: string): { name: string; tags: Map<string, string> } | string {
  const [name, ...pairs] = path.split(';')
  if (name === '') return 'no name before the tags'
  const tags = new Map<string, string>()
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    if (at < 1 || at === pair.length - 1) return `tag '${pair.slice(0, 40)}': expected name=value`
    tags.set(pair.slice(0, at), pair.slice(at + 1))
  }
  return { name, tags }
}
