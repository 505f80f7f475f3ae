// truncate: cuts lines, labels, metadata or fields that are too long, and says which in the field `truncated`.

import { Problem } from '../../diag/problem.js'
import type { OptionTable, OptionValues } from '../../option/table.js'
import { type Block, defineStage } from '../definition.js'
import type { LogEntry } from '../entry.js'
import type { StageContext } from '../stage.js'
import { cutBytes, longerThan } from '../text.js'

/** The options of one rule. */
export const TRUNCATE_RULE = {
  limit: { type: 'bytes', help: 'bytes at most, the suffix included', since: '0.1.0', value: 'SIZE', required: true },
  source_type: {
    type: 'enum', values: ['line', 'label', 'structured_metadata', 'extracted'], default: 'line', since: '0.1.0',
    help: 'what to cut',
  },
  sources: {
    type: 'list', since: '0.1.0', value: 'NAME',
    help: 'names to cut, of those that are no line; all, if absent',
  },
  suffix: { type: 'string', default: '', help: 'what a cut text ends in', since: '0.1.0', value: 'TEXT' },
} as const satisfies OptionTable

type Rule = OptionValues<typeof TRUNCATE_RULE>

interface Cut {
  /** Bytes that stay. */
  readonly bytes: number
  readonly suffix: string
  /** null: all. */
  readonly names: readonly string[] | null
  readonly of: Rule['source_type']
}

export default defineStage({
  name: 'truncate',
  options: {},
  blocks: { rule: TRUNCATE_RULE },
  prepare(_, blocks) {
    if (blocks.length === 0) throw new Problem('at least one truncate rule must be defined')
    const cuts = blocks.map(cutOf)
    return (context) => {
      const runs = cuts.map((cut) => runOf(cut, context))
      return {
        process(entry) {
          const done = new Set<string>()
          for (const [i, run] of runs.entries()) {
            const count = run(entry)
            if (count === 0) continue
            done.add(cuts[i].of)
            context.notes.count(`${cuts[i].of} cut (truncate)`, count)
          }
          if (done.size > 0) mark(entry, done)
          return undefined
        },
      }
    }
  },
})

function cutOf({ values }: Block): Cut {
  const { limit = 0, source_type: of, sources, suffix } = values as Rule
  if (limit <= 0) throw new Problem('limit must be greater than zero')
  if (of === 'line' && sources.length > 0) throw new Problem("sources cannot be set when source_type is 'line'")
  const bytes = limit - Buffer.byteLength(suffix)
  if (bytes <= 0 && suffix !== '') throw new Problem('suffix length cannot be greater than or equal to limit')
  return { bytes, suffix, names: sources.length === 0 ? null : sources, of }
}

/** What a rule does to an entry: how many texts it cut. */
function runOf({ bytes, suffix, names, of }: Cut, { streams }: StageContext): (entry: LogEntry) => number {
  const cut = (text: unknown): string | undefined =>
    typeof text === 'string' && longerThan(text, bytes) ? cutBytes(text, bytes) + suffix : undefined
  type Get = (name: string) => unknown
  type Set = (name: string, value: string) => void
  const each = (all: () => Iterable<string>, get: Get, set: Set) => {
    let count = 0
    for (const name of names ?? all()) {
      const short = cut(get(name))
      if (short === undefined) continue
      set(name, short)
      count++
    }
    return count
  }
  if (of === 'line') {
    return (entry) => {
      const short = cut(entry.line)
      if (short === undefined) return 0
      entry.line = short
      return 1
    }
  }
  if (of === 'extracted') {
    return (entry) => {
      const set: Set = (name, value) => entry.set(name, value)
      return each(() => entry.fields().keys(), (name) => entry.get(name), set)
    }
  }
  if (of === 'structured_metadata') {
    return (entry) => {
      const { attributes } = entry
      const get = (name: string) => (Object.hasOwn(attributes, name) ? attributes[name] : undefined)
      return each(() => Object.keys(attributes), get, (name, value) => entry.setAttribute(name, value))
    }
  }
  const shorten = streams.mapper((labels) =>
    labels.map((text, i) => (i % 2 === 1 && names?.includes(labels[i - 1]) !== false ? (cut(text) ?? text) : text)))
  return (entry) => {
    const before = entry.identity.labels
    if (!before.some((text, i) => i % 2 === 1 && longerThan(text, bytes))) return 0
    entry.identity = shorten(entry.identity)
    return entry.identity.labels.filter((text, i) => text !== before[i]).length
  }
}

/** Adds to what an earlier stage wrote. */
function mark(entry: LogEntry, done: Set<string>): void {
  const before = entry.get('truncated')
  if (typeof before === 'string') for (const what of before.split(',')) done.add(what)
  entry.set('truncated', [...done].sort().join(','))
}
