// logfmt: extracts fields of a logfmt line.

import { Problem } from '../../diag/problem.js'
import type { Batch } from '../../record/batch.js'
import { EntryBytes, isEntries } from '../../record/entries.js'
import { ExtractedBatch, type Found } from '../../record/extracted.js'
import { Identity } from '../../record/identity.js'
import { Pattern } from '../../regex/pattern.js'
import { defineStage } from '../definition.js'
import { type Fields, LogEntry, put } from '../entry.js'
import { LogfmtReader } from '../logfmt.js'
import { LogfmtBytes } from '../logfmt_bytes.js'
import { readSource, SOURCE } from '../source.js'
import type { EntryStage } from '../stage.js'

export default defineStage({
  name: 'logfmt',
  options: {
    mapping: {
      type: 'map', since: '0.1.0',
      help: 'fields, and the key that each is read from: NAME=KEY; an empty key is that of the same name',
    },
    regex: {
      type: 'string', since: '0.1.0', value: 'EXPRESSION',
      help: 'extract the keys that this expression matches, too',
    },
    source: SOURCE,
  },
  prepare({ mapping, regex = '', source = '' }) {
    if (mapping.size === 0 && regex === '') {
      throw new Problem('logfmt mapping or regex is required', { hint: "regex = '.*' extracts all keys" })
    }
    // It says nothing about the key, so that it need not be asked.
    const all = regex === '.*' || regex === '.+'
    const pattern = regex === '' || all ? null : Pattern.search(regex)
    const targets = new Map([...mapping].map(([name, key]) => [key === '' ? name : key, name]))
    const from = source === '' ? undefined : source
    const namesOf = (key: string): string[] => {
      const target = targets.get(key)
      const named = target === undefined ? [] : [target]
      return all || pattern?.test(key) === true ? [...named, key] : named
    }
    return () => {
      const reader = new LogfmtReader()
      const to = {
        fields: {} as Fields,
        field(key: string, value: string) {
          const target = targets.size === 0 ? undefined : targets.get(key)
          if (target !== undefined) put(this.fields, target, value)
          if (all || pattern?.test(key) === true) put(this.fields, key, value)
        },
      }
      const stage: EntryStage = {
        process(entry) {
          const text = readSource(entry, from)
          if (text === undefined) return undefined
          to.fields = entry.extracting()
          reader.read(text, to)
          return undefined
        },
      }
      if (from === undefined) stage.batch = extracting(new LogfmtBytes(namesOf), stage)
      return stage
    }
  },
})

/** Entries of a batch that are left to the plain way, from which on, where they are most of it, the next batches go that way. */
const LEFT = 64
const OTHERWISE = 63

/** The fields of a batch where they stand. */
function extracting(reader: LogfmtBytes, plain: EntryStage): (batch: Batch) => Batch | null {
  const found: Found = { layouts: [], payloads: new Map(), firsts: new Int32Array(0), pairs: reader.pairs, ...NOWHERE }
  const bytes = new EntryBytes()
  const entry = new LogEntry({ identity: Identity.of('log', ''), payload: {} }, 0, false)
  let otherwise = 0
  return (batch) => {
    if (!isEntries(batch)) return null
    if (otherwise > 0) {
      otherwise--
      return null
    }
    reader.begin()
    found.layouts.length = 0
    found.payloads.clear()
    if (found.firsts.length < batch.length) found.firsts = new Int32Array(2 * batch.length)
    for (let row = 0; row < batch.length; row++) {
      found.firsts[row] = reader.length
      const layout = batch.entry(row, bytes) && bytes.bare ? reader.read(bytes) : null
      found.layouts.push(layout)
      if (layout !== null) {
        found.buffer = bytes.buffer
        found.view = bytes.view
        continue
      }
      const identity = batch.id(row)
      if (identity?.type !== 'log') continue
      entry.load({ identity, payload: batch.payload(row) }, 0, false)
      plain.process(entry)
      found.payloads.set(row, entry.record().payload)
    }
    found.pairs = reader.pairs
    if (found.payloads.size > LEFT && found.payloads.size * 2 > batch.length) otherwise = OTHERWISE
    return new ExtractedBatch(batch, found)
  }
}

const NOWHERE = { buffer: Buffer.alloc(0), view: new DataView(new ArrayBuffer(0)) }
