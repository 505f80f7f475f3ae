// write file: records to a file of lines.

import { type Context, sink, type Sink } from '../../lib/component.js'
import { throwAll } from '../../lib/diag/problem.js'
import { fileOf, RotatingFile } from '../../lib/io/rotating_file.js'
import { contradictions } from '../../lib/io/rotation.js'
import type { Batch } from '../../lib/record/batch.js'
import { ByteBuffer } from '../../lib/record/bytes.js'
import { STATE_OPTIONS } from '../../lib/state/options.js'

const ROTATION = 'Rotation'
const LF = 10

export default sink({
  name: 'write file',
  summary: 'append records to a file, rotated by size and time',
  description: `Appends every record as one canonical line to PATH, which is made if it is missing; a folder, or a
PATH with a slash at its end, means 'records.ndjson' in it. The file can be read while it is written: it holds whole
lines at any time, and what came in is written at once, without waiting for more.

With --rotate-bytes or --rotate-every a full file is set aside under the time of its rotation, 'PATH' becoming
'app-20251122T093000.123Z.ndjson' for 'app.ndjson' (UTC; sorted by name is sorted by time). Periods are counted in
UTC, so that --rotate-every 1h changes at the full hour; a file is set aside when the first line after that comes.
--compress gzip packs files that were set aside, --keep deletes the oldest of them. A file that somebody else moves or
deletes is begun anew within a second.

A killed process or a full disk may leave a last line in part. The next start cuts it off if it is the beginning of a
record (counted as dropped, reason 'torn_line'), ends it with a newline if it is a whole one or something else, and
goes on behind. Only one process may write to a file.

With --state a checkpoint is committed when the disk has every record before it. Checkpoints themselves are not written.

A disk that is full ends the command with exit code 75, a path that cannot be opened with 2.`,
  since: '0.1.0',
  accepts: ['any'],
  emits: [],
  guarantee: `A record is counted as out when the system has its line; --fsync says when the disk has it. After an
error the lines already written stay, the rest is pending in the account.`,
  args: [{ name: 'PATH', help: 'file to append to, or folder', required: true, path: true }],
  options: {
    rotate_bytes: {
      type: 'bytes',
      help: 'set the file aside before it grows beyond this',
      since: '0.1.0',
      group: ROTATION,
    },
    rotate_every: {
      type: 'duration',
      min: '1s',
      help: 'set the file aside after this period',
      since: '0.1.0',
      group: ROTATION,
    },
    keep: {
      type: 'int',
      min: 0,
      help: 'files set aside that are kept; all if absent',
      since: '0.1.0',
      group: ROTATION,
    },
    compress: {
      type: 'enum',
      values: ['none', 'gzip'],
      default: 'none',
      help: 'how to pack files that are set aside',
      since: '0.1.0',
      group: ROTATION,
    },
    fsync: {
      type: 'enum',
      values: ['never', 'close', 'write'],
      default: 'close',
      help: 'when to force data to the disk: never, when a file is closed, or after every write',
      since: '0.1.0',
    },
    mkdir: { type: 'bool', default: true, help: 'make missing folders', since: '0.1.0' },
    ...STATE_OPTIONS,
  },
  check({ options }) {
    throwAll(contradictions(options))
  },
  examples: [
    { command: 'solder scrape host --once | solder write file metrics/', about: 'keep what the machine tells' },
    {
      command: 'solder scrape host | solder write file metrics.ndjson --rotate-every 1h --keep 24 --compress gzip',
      about: 'the last day, by hour',
      needs: 'it runs until it is stopped',
    },
  ],
  async create({ args, options }, context) {
    throwAll(contradictions(options))
    const { rotate_bytes: bytes, rotate_every: every, keep, compress, fsync } = options
    const path = await fileOf(args[0])
    const rotation = { bytes, every, keep, gzip: compress === 'gzip', mkdir: options.mkdir, fsync }
    const { file, repair } = await RotatingFile.open(path, rotation, context.clock, context.log)
    if (repair === 'cut') {
      context.account.made++
      context.account.drop('torn_line', 1)
    }
    return writer(file, context)
  },
})

/** A batch is as much as came in at once: one write for each. Writing, forcing to the disk and closing take turns. */
function writer(file: RotatingFile, { account }: Context): Sink {
  const buffer = new ByteBuffer()
  let turn: Promise<void> = Promise.resolve()
  let open = true
  const inTurn = (work: () => Promise<void>) => (turn = turn.then(work))
  const write = async (batch: Batch) => {
    batch.write(buffer)
    const lines = buffer.take()
    const before = file.written
    try {
      await file.append(lines)
      account.out += batch.length
    } catch (error) {
      account.out += countLines(lines.subarray(0, file.written - before))
      throw error
    } finally {
      account.out_bytes += file.written - before
    }
    buffer.recycle(lines)
  }
  return {
    write: (batch) => inTurn(() => write(batch)),
    sync: () => inTurn(async () => void (open && (await file.sync()))),
    end: () =>
      inTurn(() => {
        open = false
        return file.close()
      }),
  }
}

function countLines(lines: Buffer): number {
  let count = 0
  for (const byte of lines) if (byte === LF) count++
  return count
}
