// The suite `loki_process`: pipelines of loki.process, as lists of blocks and as Alloy's text where the case has it.

import { deepEqual, equal, fail, ok } from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock, Context } from '../../../lib/component.js'
import { problemsOf } from '../../../lib/diag/problem.js'
import { TimeLayout } from '../../../lib/go/time_layout.js'
import { timestampParser, yearlessParser } from '../../../lib/go/timestamp.js'
import { zoneOf } from '../../../lib/go/zone.js'
import { StageAccount } from '../../../lib/io/account.js'
import { freshFiles } from '../../../lib/io/fresh_file.js'
import { chainOf, prepareStage, prepareStages, stageContext } from '../../../lib/logs/build.js'
import { parseAlloy } from '../../../lib/logs/alloy.js'
import type { StageConfig } from '../../../lib/logs/definition.js'
import { LogEntry } from '../../../lib/logs/entry.js'
import { isLuhn } from '../../../lib/logs/luhn.js'
import { labelSources } from '../../../lib/logs/source.js'
import type { Chain, StageContext } from '../../../lib/logs/stage.js'
import { parseTime } from '../../../lib/option/time.js'
import { Identity, type Json, labelsOfObject, type Record } from '../../../lib/record/index.js'
import { floatLabel } from '../../../lib/wire/exposition/number.js'
import { type Case, bytesOf } from '../suite.js'

interface WrittenBlock {
  block: string
  args: { [key: string]: Json }
  blocks: WrittenBlock[]
}

interface Pair {
  name: string
  value: string
}

interface WrittenEntry {
  timestamp?: string | null
  labels?: { [name: string]: string }
  line?: Json
  extracted?: { [name: string]: Json }
  structured_metadata?: Pair[]
  previous_output?: { batch: number; index: number }
  replace?: WrittenEntry
}

interface Output extends WrittenEntry {
  index: number
  timestamp_unix_seconds?: number
  timestamp_after?: string
  labels_include?: { [name: string]: string }
  labels_exclude?: string[]
  extracted_keys_present?: string[]
  structured_metadata_order?: string
  structured_metadata_at?: { [index: string]: Pair }
  line_packed?: { labels: { [name: string]: string }; entry: string }
}

interface Expected {
  count?: number
  min_count?: number
  count_range?: { min: number; max: number }
  lines_as_set?: string[]
  outputs?: Output[]
  every_output?: Output
  outputs_sorted_by?: string
  unordered_from?: number
  error?: boolean | string
  error_equals?: string
  error_starts_with?: string
  error_contains?: string
  effective_values?: { [name: string]: string }
  parse?: { value: string; time: string }
  time?: string
  valid?: boolean
}

/** What Alloy counts drops in; here it is the account of the stage. */
const DROPPED = 'loki_process_dropped_lines_total'

/** An entry that came out, with all that counts as extracted. */
interface Passed {
  ts: string
  line: string
  labels: { [name: string]: string }
  extracted: { [name: string]: Json }
  attributes: { [name: string]: Json }
}

export async function lokiProcess(test: Case): Promise<void> {
  const expected = (test.expected ?? {}) as Expected
  switch (test.kind) {
    case 'process':
      return new Process(test).run()
    case 'create':
    case 'decode':
      return faulty(() => prepareStages(configsOf(test.pipeline as WrittenBlock[])), expected)
    case 'validate':
      return validate(test, expected)
    case 'go_time_layout':
      return timed(test, expected)
    case 'luhn_checksum':
      return equal(isLuhn(String(test.number)), expected.valid)
    default:
      throw new Error(`no runner for cases of kind ${test.kind}`)
  }
}

async function validate(test: Case, expected: Expected): Promise<void> {
  const [config] = configsOf(test.pipeline as WrittenBlock[])
  await faulty(() => prepareStage(config), expected)
  if (expected.effective_values !== undefined) {
    const values = config.options.get('values')!.value as { [name: string]: string | null }
    const sources = labelSources(new Map(Object.entries(values).map(([name, source]) => [name, source ?? ''])))
    deepEqual(Object.fromEntries(sources), expected.effective_values)
  }
  if (expected.parse === undefined) return
  const { format, fallback_formats: more = [], location } = (test.pipeline as WrittenBlock[])[0].args
  const zone = location === undefined ? undefined : zoneOf(location as string)
  const times = [format, ...(more as string[])].map((one) => timestampParser(one as string, zone, () => 0)(expected.parse!.value))
  equal(times.find((time) => typeof time === 'string'), parseTime(expected.parse.time))
}

async function faulty(prepare: () => Promise<unknown>, expected: Expected): Promise<void> {
  let message: string | undefined
  try {
    await prepare()
  } catch (error) {
    message = problemsOf(error)[0].message
  }
  if (expected.error !== true) return equal(message, undefined)
  if (message === undefined) fail('it is accepted')
  if (expected.error_equals !== undefined) equal(message, expected.error_equals)
  if (expected.error_starts_with !== undefined) ok(message.startsWith(expected.error_starts_with), message)
  if (expected.error_contains !== undefined) ok(message.includes(expected.error_contains), message)
}

function timed(test: Case, expected: Expected): void {
  const zone = test.location === null ? undefined : zoneOf(test.location as string)
  const now = Date.parse((test.now as string | undefined) ?? '2024-01-15T12:00:00Z')
  const layout = test.layout as string
  // What such a case asks is how a layout without a year is read.
  const parse =
    test.assume_year === 'nearest'
      ? yearlessParser(new TimeLayout(layout), layout, zone, () => now)
      : timestampParser(layout, zone, () => now)
  const time = parse(test.value as string)
  if (expected.error !== undefined && expected.error !== false) return ok(typeof time !== 'string', `${String(time)}`)
  equal(typeof time === 'string' ? time : time.message, parseTime(expected.time!))
}

function configsOf(blocks: readonly WrittenBlock[]): StageConfig[] {
  return blocks.map(({ block, args, blocks: inner }) => ({
    name: block.replace(/^stage\./, ''),
    options: new Map(Object.entries(args).map(([key, value]) => [key, { value }])),
    blocks: configsOf(inner.filter((one) => !one.block.startsWith('stage.'))),
    stages: configsOf(inner.filter((one) => one.block.startsWith('stage.'))),
  }))
}

/** A clock that a case may stop, and that passes when the case says so. */
class CaseClock implements Clock {
  passed = 0
  constructor(private readonly start: number) {}
  now = () => String(BigInt(this.millis()) * 1_000_000n)
  millis = () => this.start + this.passed
  monotonic = () => this.passed
  sleep = () => Promise.resolve()
}

class Process {
  readonly #clock: CaseClock
  readonly #outputs: Passed[][] = []
  #samples: Record[] = []
  #context!: StageContext
  #folder: string | undefined

  constructor(private readonly test: Case) {
    // The clock of a case goes on while its entries are on their way.
    this.#clock = new CaseClock(Date.parse((test.now as string | undefined) ?? '2024-01-15T12:00:00Z') + 1000)
  }

  async run(): Promise<void> {
    try {
      await this.#run(await this.#chain(configsOf(this.#withFiles(this.test.pipeline as WrittenBlock[]))))
      if (this.test.alloy === undefined) return
      this.#outputs.length = 0
      await this.#run(await this.#chain([...parseAlloy(this.test.alloy as string, this.test.name)]))
    } finally {
      if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true })
    }
  }

  /** Files of the case are there, and the pipeline names them. */
  #withFiles(pipeline: WrittenBlock[]): WrittenBlock[] {
    const files = Object.entries((this.test.files ?? {}) as { [name: string]: Json })
    if (files.length === 0) return pipeline
    const folder = (this.#folder = mkdtempSync(join(tmpdir(), 'loki-process-')))
    let text = JSON.stringify(pipeline)
    for (const [name, content] of files) {
      writeFileSync(join(folder, name), bytesOf(content))
      text = text.replaceAll(JSON.stringify(name), JSON.stringify(join(folder, name)))
    }
    return JSON.parse(text) as WrittenBlock[]
  }

  #chain = async (configs: StageConfig[]): Promise<Chain> => {
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
    const context = { clock: this.#clock, log, account: new StageAccount() } as unknown as Context
    this.#context = stageContext(context, undefined, this.test.init_extracted_from_labels === true, freshFiles(context))
    this.#context.emit = (record) => this.#samples.push(record)
    return chainOf(await prepareStages(configs), this.#context)
  }

  async #run(chain: Chain): Promise<void> {
    const batches = this.test.batches as { entries: WrittenEntry[]; expected?: Expected; then_wait_ms?: number }[]
    const total = this.test.expected_total as { lines_in_order: string[] } | undefined
    let order = 0
    for (const { entries, expected, then_wait_ms: wait = 0 } of batches) {
      const out: Passed[] = []
      const next = (entry: LogEntry) => void out.push(passedOf(entry))
      for (const entry of entries) chain.take(new LogEntry(this.#record(entry), order++, this.#context.labelled), next)
      this.#clock.passed += wait
      chain.tick(this.#clock.passed, next)
      this.#samples = []
      if (total === undefined) chain.flush(next)
      this.#outputs.push(out)
      if (expected !== undefined) compare(out, expected)
    }
    if (total !== undefined) {
      chain.flush((entry) => void this.#outputs.push([passedOf(entry)]))
      deepEqual(this.#outputs.flat().map(({ line }) => line), total.lines_in_order)
    }
    this.#metrics()
  }

  #record(written: WrittenEntry): Record {
    const { previous_output: before } = written
    if (before !== undefined) {
      const { ts, line, labels, extracted, attributes } = this.#outputs[before.batch][before.index]
      const { replace = {} } = written
      const { identity, payload } = this.#record({ timestamp: null, ...replace })
      return {
        identity: replace.labels === undefined ? Identity.of('log', '', labelsOfObject(labels)) : identity,
        payload: {
          ts: typeof replace.timestamp === 'string' ? payload.ts : ts,
          body: replace.line === undefined ? line : payload.body,
          extracted: replace.extracted === undefined ? extracted : payload.extracted,
          attributes: replace.structured_metadata === undefined ? attributes : payload.attributes,
        },
      }
    }
    const { timestamp, labels = {}, line = '', extracted, structured_metadata: metadata = [] } = written
    const ts = timestamp === null || timestamp === undefined ? this.#clock.now() : parseTime(timestamp)!
    const attributes = Object.fromEntries(metadata.map(({ name, value }) => [name, value]))
    const texts = Object.fromEntries(Object.entries(extracted ?? {}).map(([name, value]) => [name, textIn(value)]))
    return { identity: Identity.of('log', '', labelsOfObject(labels)), payload: { ts, body: textIn(line) as string, attributes, extracted: texts } }
  }

  #metrics(): void {
    const metrics = this.test.expected_metrics as { exposition: string }[] | undefined
    for (const { exposition } of metrics?.slice(-1) ?? []) {
      const own = exposition.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
      deepEqual(this.#exposed(own).sort(), own.map(normal).sort())
    }
    const counters = (this.test.expected_counters ?? {}) as { [name: string]: { values: { [what: string]: number } } }
    const { notes, account } = this.#context
    for (const [name, { values }] of Object.entries(counters)) {
      for (const [what, count] of Object.entries(values)) {
        equal(name === DROPPED ? account.dropped.get(what) : notes.counts.get(`${what} cut (truncate)`), count, `${name} ${what}`)
      }
    }
  }

  #exposed(expected: readonly string[]): string[] {
    const { counts } = this.#context.notes
    const notes = new Map([
      ['loki_process_cri_lines_truncated_total', 'lines cut (max_partial_line_size)'],
      ['loki_process_cri_partial_lines_flushed_total', 'partial lines that went on as they were, too many streams have some (max_partial_lines)'],
    ])
    const samples = this.#samples.filter(({ identity, payload }) => identity.type === 'metric' && payload.stale !== true)
    const lines = samples.map(({ identity: { name, labels }, payload }) => {
      const pairs = labels.flatMap((text, i) => (i % 2 === 0 ? [`${text}=${JSON.stringify(labels[i + 1])}`] : []))
      return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${payload.value as number}`
    })
    if (expected.some((line) => line.startsWith(DROPPED))) {
      for (const [reason, count] of this.#context.account.dropped) lines.push(`${DROPPED}{reason="${reason}"} ${count}`)
    }
    for (const line of expected) {
      const note = notes.get(line.split(' ')[0])
      if (note !== undefined) lines.push(`${line.split(' ')[0]} ${counts.get(note) ?? 0}`)
    }
    return lines
  }
}

/** A line of an exposition with its labels in order, and numbers as solder writes them. */
function normal(line: string): string {
  const [, name, pairs, value] = /^(\S+?)(?:\{(.*)\})? (\S+)$/.exec(line.trim())!
  const sorted = pairs?.split(',').map((pair) => pair.replace(/^le="([\d.]+)"$/, (_, le: string) => `le="${floatLabel(Number(le))}"`)).sort()
  return `${name}${sorted === undefined ? '' : `{${sorted.join(',')}}`} ${Number(value)}`
}

/** A text of a case, or any other value. Bytes that are not UTF-8 read as a reader of records reads them. */
function textIn(value: Json): Json {
  return typeof value === 'object' && value !== null && '$base64' in value ? bytesOf(value).toString() : value
}

function passedOf(entry: LogEntry): Passed {
  const { identity, payload } = entry.record()
  const { labels } = identity
  return {
    ts: payload.ts!,
    line: payload.body as string,
    labels: Object.fromEntries(labels.flatMap((name, i) => (i % 2 === 0 ? [[name, labels[i + 1]]] : []))),
    extracted: Object.fromEntries(entry.fields()),
    attributes: JSON.parse(JSON.stringify(payload.attributes ?? {})) as { [name: string]: Json },
  }
}

function compare(out: Passed[], expected: Expected): void {
  const { count, min_count: least, count_range: range, lines_as_set: lines, outputs = [], every_output: every, unordered_from: unordered } = expected
  if (count !== undefined) equal(out.length, count, `${out.length} entries came out, ${count} should`)
  if (least !== undefined) ok(out.length >= least, `${out.length} entries came out, at least ${least} should`)
  if (range !== undefined) ok(out.length >= range.min && out.length <= range.max, `${out.length} entries came out`)
  if (lines !== undefined) deepEqual(out.map(({ line }) => line).sort(), [...lines].sort())
  if (expected.outputs_sorted_by === 'timestamp') out.sort((a, b) => (BigInt(a.ts) < BigInt(b.ts) ? -1 : a.ts === b.ts ? 0 : 1))
  for (const output of outputs) {
    if (unordered !== undefined && output.index >= unordered) ok(out.slice(unordered).some((one) => fits(one, output)), `output ${output.index}`)
    else compareOne(out[output.index], output)
  }
  if (every !== undefined) for (const one of out) compareOne(one, every)
}

function fits(one: Passed, output: Output): boolean {
  try {
    compareOne(one, output)
    return true
  } catch {
    return false
  }
}

function compareOne(one: Passed, output: Output): void {
  const { line, labels, extracted, timestamp, structured_metadata: metadata } = output
  if (line !== undefined) equal(one.line, textIn(line))
  if (output.line_packed !== undefined)
    deepEqual(JSON.parse(one.line), { ...output.line_packed.labels, _entry: output.line_packed.entry })
  if (labels !== undefined) deepEqual(one.labels, labels)
  for (const [name, value] of Object.entries(output.labels_include ?? {})) equal(one.labels[name], value)
  for (const name of output.labels_exclude ?? []) ok(!Object.hasOwn(one.labels, name), `label ${name}`)
  if (extracted !== undefined) {
    const texts = Object.fromEntries(Object.entries(extracted).map(([name, value]) => [name, textIn(value)]))
    deepEqual(jsonIn(one.extracted), jsonIn(texts))
  }
  for (const name of output.extracted_keys_present ?? []) ok(Object.hasOwn(one.extracted, name), `field ${name}`)
  if (metadata !== undefined)
    deepEqual(jsonIn(one.attributes), jsonIn(Object.fromEntries(metadata.map(({ name, value }) => [name, value]))))
  for (const { name, value } of Object.values(output.structured_metadata_at ?? {})) equal(one.attributes[name], value)
  if (typeof timestamp === 'string') equal(one.ts, parseTime(timestamp))
  if (output.timestamp_unix_seconds !== undefined)
    equal(Number(BigInt(one.ts) / 1_000_000_000n), output.timestamp_unix_seconds)
  if (output.timestamp_after !== undefined) ok(BigInt(one.ts) > BigInt(parseTime(output.timestamp_after)!), one.ts)
}

/** Values that are JSON, as what they say. */
function jsonIn(fields: { [name: string]: Json }): { [name: string]: Json } {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' && /^[[{]/.test(value) ? parsed(value) : value]))
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}
