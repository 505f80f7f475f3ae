// Tests of pipes (`tests`): records that are put in at one seam, and those that have to come out at another.

import type { ParsedNode } from 'yaml'
import { didYouMean, type Place } from '../diag/problem.js'
import { type Pipe, type PipeStage, stagesOf } from '../pipeline/model.js'
import { placeIn } from '../pipeline/source.js'
import { endOf, type Point, roleOf, startOf, waysBetween } from '../pipeline/way.js'
import { decodeValue } from '../record/decode.js'
import type { ConfigDocument, Entry } from './document.js'
import type { Scope } from './evaluate.js'
import { wordsOfScalar } from './keys.js'
import type { Secrets } from './secrets.js'

const KEYS = ['help', 'pipe', 'in', 'out']
const SIDE_KEYS = ['at', 'records', 'file']
const RECORDS = "records as lines of JSON, a list of them, or a map of 'at' and 'records' or 'file'"

/** Records of a test: as lines, or in a file of lines. */
export type TestRecords = { readonly lines: string } | { readonly file: string }

export interface PipeTest {
  readonly name: string
  readonly place: Place
  /** What records pass from one seam to the other, at least one; no source and no sink. */
  readonly stages: readonly PipeStage[]
  readonly input: TestRecords
  readonly expected: TestRecords
}

/** A side of a test: its records, and the seam. */
interface Side {
  readonly records: TestRecords
  readonly at: ParsedNode | null
}

/** What tests are about. */
export interface Tested {
  readonly pipes: readonly Pipe[]
  /** Of all pipes, also of those that could not be read. */
  readonly names: readonly string[]
  readonly scope: Scope
  readonly secrets: Secrets
}

/** Reads a test; problems are added to those of the document, and null stands for a test with any. */
export async function readTest(document: ConfigDocument, entry: Entry, tested: Tested): Promise<PipeTest | null> {
  const before = document.problems.length
  const test = await new TestReader(document, entry, tested).read()
  return document.problems.length > before ? null : test
}

class TestReader {
  constructor(
    private readonly document: ConfigDocument,
    private readonly entry: Entry,
    private readonly tested: Tested,
  ) {}

  async read(): Promise<PipeTest | null> {
    const { document } = this
    const { key: name, at, value } = this.entry
    const entries = document.entries(value)
    if (entries === null) {
      document.problem(value ?? at, 'this is no test', { expected: "a map of 'pipe', 'in' and 'out'" })
      return null
    }
    this.#known(entries, KEYS, 'a test')
    const [pipe, input, output] = ['pipe', 'in', 'out'].map((key) => entries.find((one) => one.key === key))
    const tested = this.#pipe(pipe)
    const start = await this.#side('in', input)
    const end = await this.#side('out', output)
    if (tested === null || start === null || end === null) return null
    const stages = this.#stages(tested, start, end)
    const { file, line, column } = document.place(at)
    if (stages === null) return null
    return { name, place: { file, line, column }, stages, input: start.records, expected: end.records }
  }

  #known(entries: readonly Entry[], known: readonly string[], what: string): void {
    for (const { key, at } of entries) {
      if (known.includes(key)) continue
      const details = { expected: known.join(', '), hint: didYouMean(key, known) }
      this.document.problem(at, `unknown key '${key}' in ${what}`, details)
    }
  }

  #pipe(entry: Entry | undefined): Pipe | null {
    const { names, pipes } = this.tested
    const name = this.document.scalar(entry?.value ?? null)
    if (name === null) {
      this.document.problem(entry?.at ?? this.entry.at, "'pipe' is missing", { expected: names.join(', ') })
    } else if (!names.includes(name)) {
      const details = { expected: names.join(', '), hint: didYouMean(name, names) }
      this.document.problem(entry!.value!, `unknown pipe '${name}'`, details)
    }
    return pipes.find((pipe) => pipe.name === name) ?? null
  }

  async #side(key: string, entry: Entry | undefined): Promise<Side | null> {
    const { document } = this
    if (entry === undefined || entry.value === null) {
      document.problem(entry?.at ?? this.entry.at, `'${key}' is missing`, { expected: RECORDS })
      return null
    }
    const entries = document.entries(entry.value)
    if (entries === null) return { records: { lines: this.#records(entry.value) }, at: null }
    this.#known(entries, SIDE_KEYS, `'${key}'`)
    const [at, records, file] = SIDE_KEYS.map((one) => entries.find((found) => found.key === one))
    if ((records === undefined) === (file === undefined)) {
      document.problem(entry.at, `'${key}' has no records, or two kinds of them`, { expected: "'records' or 'file'" })
      return null
    }
    const found = file === undefined ? { lines: this.#records(records!.value ?? records!.at) } : await this.#file(file)
    return found === null ? null : { records: found, at: at === undefined ? null : (at.value ?? at.at) }
  }

  async #file({ at, value }: Entry): Promise<TestRecords | null> {
    const { document, tested } = this
    if (value === null || document.scalar(value) === null) {
      document.problem(value ?? at, 'this is no file', { expected: 'the path of a file of records' })
      return null
    }
    const words = await wordsOfScalar(document, value, tested.scope, tested.secrets)
    return words.length === 1 ? { file: words[0].text.toString() } : null
  }

  /** Lines of JSON; what is no record is told. */
  #records(node: ParsedNode): string {
    const { document } = this
    const items = document.items(node)
    if (items !== null) {
      return items.map((item) => this.#record(document.plain(item), item ?? node)).join('')
    }
    if (document.scalar(node) === null) document.problem(node, 'these are no records', { expected: RECORDS })
    const source = document.source(node)
    let lines = ''
    let at = 0
    for (const line of source.text.split('\n')) {
      if (line.trim() !== '') {
        const complaint = complaintOf(line)
        if (complaint === null) lines += `${line}\n`
        else document.problemAt(placeIn(source, at, line.length), complaint)
      }
      at += line.length + 1
    }
    return lines
  }

  #record(value: unknown, node: ParsedNode): string {
    const line = typeof value === 'string' ? value : JSON.stringify(value)
    const complaint = complaintOf(line)
    if (complaint !== null) this.document.problem(node, complaint)
    return `${line}\n`
  }

  #stages(pipe: Pipe, input: Side, output: Side): readonly PipeStage[] | null {
    const { document, entry } = this
    const start = input.at === null ? startOf(pipe) : this.#point(pipe, input.at)
    const end = output.at === null ? endOf(pipe) : this.#point(pipe, output.at)
    if (start === null || end === null) return null
    const at = output.at ?? input.at ?? entry.at
    const ways = waysBetween(this.tested.pipes, start, end)
    const [stages] = ways
    const source = stages?.find((stage) => roleOf(stage) === 'source')
    if (ways.length === 0) {
      document.problem(at, 'nothing goes from where records are put in to where they are looked at')
    } else if (ways.length > 1) {
      document.problem(at, 'records come there in more than one way', { expected: 'seams with one way between them' })
    } else if (stages.length === 0) document.problem(at, "no stage stands between 'in' and 'out'")
    else if (source !== undefined) {
      const expected = `records behind it: 'at: ${source.id}'`
      document.problem(at, `'${source.id}' stands between, and reads from elsewhere`, { expected })
    } else return stages
    return null
  }

  /** `STAGE` of the pipe, or `PIPE.STAGE`. */
  #point(tested: Pipe, node: ParsedNode): Point | null {
    const { document } = this
    const { pipes, names } = this.tested
    const text = document.scalar(node) ?? ''
    const dot = text.lastIndexOf('.')
    const name = dot < 0 ? tested.name : text.slice(0, dot)
    const pipe = pipes.find((one) => one.name === name)
    if (pipe === undefined) {
      const details = { expected: names.join(', '), hint: didYouMean(name, names) }
      if (!names.includes(name)) document.problem(node, `unknown pipe '${name}'`, details)
      return null
    }
    const stage = stagesOf(pipe).find(({ id }) => id === text.slice(dot + 1))
    if (stage !== undefined) return { pipe, stage }
    const ids = stagesOf(pipe).map(({ id }) => id)
    const details = { expected: ids.join(', '), hint: didYouMean(text.slice(dot + 1), ids) }
    document.problem(node, `pipe '${name}' has no stage '${text.slice(dot + 1)}'`, details)
    return null
  }
}

function complaintOf(line: string): string | null {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return 'this is no JSON'
  }
  const decoded = decodeValue(value)
  return 'reason' in decoded ? decoded.detail : null
}
