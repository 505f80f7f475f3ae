// receive exposition: metrics in a format of Prometheus or OpenMetrics, from files or stdin, to records.

import { constants, createReadStream } from 'node:fs'
import { access } from 'node:fs/promises'
import { source, type SourceContext } from '../../lib/component.js'
import { EXIT, Problem, renderProblem, throwAll } from '../../lib/diag/problem.js'
import { parseTime, TIME_EXPECTED } from '../../lib/option/time.js'
import { labelsOfMap } from '../../lib/record/labels.js'
import {
  checkExposition, type ExpositionOptions, guessFormat, openParser, type RecordOptions, recordsOf,
} from '../../lib/wire/exposition/index.js'

const since = '0.1.0'
const STDIN = 'stdin'
const SAMPLE = `printf '%s\\n' '# TYPE jobs_total counter' 'jobs_total{queue="a"} 12' 'jobs_total{queue="b"} 7'`

export default source({
  name: 'receive exposition',
  summary: 'read metrics in the Prometheus text, OpenMetrics or protobuf format',
  description: `
    Reads whole expositions, one a file, or one on stdin ('-' is stdin too), and makes a metadata record of each family and a
    metric record of each sample, in the order in which they stand there. The formats are the Prometheus text format (0.0.4
    and 1.0.0), OpenMetrics (1.0.0 and 0.0.1, with exemplars, units and start times) and the length-delimited protobuf format
    with native histograms; names in quotes may hold any UTF-8. What is right and wrong is decided as in Prometheus 3. The
    format is guessed: OpenMetrics ends in # EOF, protobuf begins with a metric family, all else is text.

    An exposition is taken as a whole or not at all, as in Prometheus: half of one looks like a target whose other metrics
    are gone. One that is wrong is told with line and column, counted, put into the dead letter, and the next one is read;
    the exit code is 1 then.

    Series carry the type of their family as kind, unknown where the exposition does not tell it. Values of le and quantile
    are written as OpenMetrics wants them ("1" becomes "1.0"), so that the same series has the same labels in every format.
    Labels without value are left out.`,
  since,
  accepts: [],
  emits: ['metadata', 'metric'],
  guarantee: "Each sample of an exposition becomes a record; an exposition that is wrong or too large is counted as 'bad_exposition'.",
  args: [{ name: 'FILE', help: 'expositions to read; stdin where none is named', variadic: true, path: true }],
  options: {
    format: { type: 'enum', values: ['auto', 'text', 'openmetrics', 'protobuf'], default: 'auto', help: 'the format, or auto to guess it', since },
    timestamp: { type: 'string', value: 'TIME', help: 'time of samples that bring none: RFC 3339, or Unix nanoseconds (date +%s%N); now, if not given', since },
    label: { type: 'map', help: 'add a label to every sample that does not have it', since },
    created_as_start: { type: 'bool', help: "read '_created' lines as start times of their series, not as series", since },
    metadata: { type: 'bool', default: true, help: 'make a metadata record of each family, before its samples', since },
    classic_histograms: { type: 'bool', help: 'also show the classic series of histograms that have a native form', since },
    convert_classic_histograms_to_nhcb: { type: 'bool', help: 'turn classic histograms into native ones with custom buckets', since },
    max_body_bytes: { type: 'bytes', default: '64MiB', help: 'largest exposition accepted', since, group: 'Bounds' },
    max_families: { type: 'int', default: 100_000, min: 1, help: 'most metric families accepted in an exposition', since, group: 'Bounds' },
  },
  async check({ args, options }) {
    throwAll([...(await unreadable(args)), ...wrongTime(options.timestamp)])
  },
  examples: [
    { command: `${SAMPLE} | solder receive exposition`, about: 'text on stdin to records' },
    { command: `${SAMPLE} | solder receive exposition --label job=batch --timestamp 2026-01-01T00:00:00Z`, about: 'with a label and a time' },
    {
      command: 'curl -s http://127.0.0.1:9100/metrics | solder receive exposition --label instance=web1:9100 | solder view',
      about: 'look at what a target shows', needs: 'a target',
    },
    { command: 'solder receive exposition /var/lib/node_exporter/*.prom --no-metadata', about: 'files of a textfile collector', needs: 'files' },
  ],
  async run({ args, options }, context) {
    const names = args.length === 0 ? [STDIN] : args.map((name) => (name === '-' ? STDIN : name))
    const time = options.timestamp === undefined ? undefined : parseTime(options.timestamp)
    throwAll([...(await unreadable(names)), ...wrongTime(options.timestamp)])
    const labels = labelsOfMap(options.label)
    const parsing: ExpositionOptions = {
      createdAsStart: options.created_as_start,
      classicHistograms: options.classic_histograms,
      convertToCustomBuckets: options.convert_classic_histograms_to_nhcb,
    }
    for (const name of names) {
      if (context.signal.aborted) return
      let original: Buffer | string = ''
      try {
        const body = await bodyOf(name, options.max_body_bytes, context)
        original = body
        const format = options.format === 'auto' ? guessFormat(body) : options.format
        const reading: RecordOptions = { now: time ?? context.clock.now(), labels, metadata: options.metadata }
        // Read twice rather than held: the records of a body take many times its memory.
        checkExposition(openParser(body, format, { ...parsing, name }), options.max_families)
        for (const batch of recordsOf(openParser(body, format, parsing), reading)) await context.emit(batch)
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        context.account.in++
        context.reject({ reason: 'bad_exposition', detail: renderProblem(error, name).trimEnd(), original })
      }
    }
  },
})

async function unreadable(names: readonly string[]): Promise<Problem[]> {
  const problems: Problem[] = []
  for (const name of names) {
    if (name === STDIN || name === '-') continue
    const cause = await access(name, constants.R_OK).catch((error: NodeJS.ErrnoException) => error)
    if (cause instanceof Error) problems.push(new Problem(`cannot read ${name}: ${cause.code}`, { cause, expected: 'a file' }))
  }
  return problems
}

function wrongTime(text: string | undefined): Problem[] {
  if (text === undefined || parseTime(text) !== undefined) return []
  return [new Problem(`--timestamp: '${text}' is no time`, { expected: TIME_EXPECTED })]
}

async function bodyOf(name: string, limit: number, context: SourceContext): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  const from = name === STDIN ? context.stdin() : (createReadStream(name) as AsyncIterable<Buffer>)
  try {
    for await (const chunk of from) {
      if (name !== STDIN) context.account.in_bytes += chunk.length
      bytes += chunk.length
      if (bytes > limit) break
      chunks.push(chunk)
    }
  } catch (cause) {
    const message = `cannot be read: ${(cause as Error).message}`
    throw new Problem(message, { cause, exit: EXIT.failed, place: { file: name } })
  }
  if (bytes <= limit) return Buffer.concat(chunks)
  const message = `larger than ${limit} bytes (max_body_bytes)`
  throw new Problem(message, { exit: EXIT.failed, place: { file: name }, hint: 'raise --max-body-bytes' })
}
