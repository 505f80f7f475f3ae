// replay: records of the past with their timing.

import { stat } from 'node:fs/promises'
import { source } from '../../lib/component.js'
import { collect, Problem, throwAll } from '../../lib/diag/problem.js'
import { READER_OPTIONS } from '../../lib/io/options.js'
import { parseTime, TIME_EXPECTED } from '../../lib/option/time.js'
import { filesIn, filesWithin } from '../../lib/recording/catalogue.js'
import { FileSource } from '../../lib/recording/file_source.js'
import { Player } from '../../lib/recording/player.js'

const since = '0.1.0'
const LINES = `'{"type":"metric","name":"up","ts":"0","value":1}' '{"type":"metric","name":"up","ts":"15000000000","value":0}'`

export default source({
  name: 'replay',
  summary: 'play recorded records with their timing',
  description: `
    Plays the files of folders that 'solder record' wrote, and other files of records (plain or gzip), one after the other,
    each record when as much time has passed since the first one as lies between their times. --speed 10 plays ten times
    as fast, --speed max without waiting. A record whose time is before that of the one played last goes at once.

    --from and --to take what is in between, 'to' not included; records without a time always go. Of a folder only the
    files are read that hold such times by its index, and those that are not in it.

    --rebase now shifts all times (ts, start, end, observed, those of exemplars and events) by the same span, so that the
    first record is of now. At a speed above 1 the times then run ahead of the clock.

    A file whose writer was killed is played to its torn end, which is told.`,
  since,
  accepts: [],
  emits: ['target', 'metadata', 'metric', 'log', 'span', 'profile'],
  guarantee: `Every line of the files is played, or rejected and counted, or dropped as out of range ('out_of_range') or a
    checkpoint of the recorded pipe ('foreign_checkpoint'); damaged gzip data ends its file ('damaged_file').`,
  args: [
    { name: 'FILE', help: 'folders of recordings, or files of records', required: true, variadic: true, path: true },
  ],
  options: {
    speed: { type: 'string', value: 'N', default: '1', help: 'how many times as fast as it was, or max', since },
    from: { type: 'string', value: 'TIME', help: 'earliest time: RFC 3339, or Unix nanoseconds', since },
    to: { type: 'string', value: 'TIME', help: 'time before which it ends, in the same forms', since },
    rebase: {
      type: 'enum',
      values: ['none', 'now'],
      default: 'none',
      help: 'shift all times so that it begins now',
      since,
    },
    ...READER_OPTIONS,
  },
  examples: [
    {
      command: `printf '%s\\n' ${LINES} > up.ndjson && solder replay up.ndjson --speed max --rebase now | solder view`,
      about: 'what was, as if it were now',
    },
    {
      command: 'solder replay recording --from 2026-01-31T12:00:00Z --to 2026-01-31T13:00:00Z --speed 10 | solder view',
      about: 'an hour in six minutes',
      needs: 'a recording',
    },
  ],
  async run({ args, options }, context) {
    const problems: Problem[] = []
    const from = time('--from', options.from, problems)
    const to = time('--to', options.to, problems)
    const speed = options.speed === 'max' ? Infinity : Number(options.speed)
    if (!(speed > 0)) {
      const expected = 'a number above 0, or max'
      problems.push(new Problem(`--speed: '${options.speed}' is not valid`, { expected }))
    }
    const player = new Player({ from, to, speed, rebase: options.rebase === 'now' }, context)
    const playing = { ...context, emit: (batch: Parameters<typeof context.emit>[0]) => player.play(batch) }
    const files: FileSource[] = []
    for (const path of args) {
      await collect(problems, async () => {
        for (const file of await filesOf(path, from, to)) files.push(await FileSource.open(file, null, playing))
      })
    }
    throwAll(problems)
    for (const file of files) {
      if (context.signal.aborted) return
      await file.read()
    }
  },
})

async function filesOf(path: string, from: bigint | null, to: bigint | null): Promise<string[]> {
  const folder = await stat(path).then((found) => found.isDirectory(), () => false)
  if (!folder) return [path]
  if ((await filesIn(path)).length > 0) return filesWithin(path, from, to)
  throw new Problem(`${path} holds no recording`, { expected: "a folder that 'solder record' wrote, or files" })
}

function time(flag: string, text: string | undefined, problems: Problem[]): bigint | null {
  const ts = text === undefined ? undefined : parseTime(text)
  if (text !== undefined && ts === undefined) {
    problems.push(new Problem(`${flag}: '${text}' is no time`, { expected: TIME_EXPECTED }))
  }
  return ts === undefined ? null : BigInt(ts)
}
