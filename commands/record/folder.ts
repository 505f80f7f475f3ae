// record: a tee to packed files with an index by time.

import { filter } from '../../lib/component.js'
import { Problem } from '../../lib/diag/problem.js'
import { Recorder } from '../../lib/recording/recorder.js'

const since = '0.1.0'
const group = 'Recording'

export default filter({
  name: 'record',
  summary: 'pass records on and keep them in packed files with an index by time',
  description: `
    Passes every record on as it came, and writes it to DIR as well, which is made if it is missing: files of canonical
    lines, packed with gzip, named by the time at which they were begun, and 'index.ndjson', which tells for each closed
    file the times of its earliest and latest record. 'solder replay DIR' plays them, 'zcat' and 'solder receive ndjson'
    read them.

    Lines are packed and written in blocks of 1 MiB, or each --flush-every when less came. A file is closed when it has
    --rotate-bytes or its period is over (periods are counted in UTC); the next one is begun with the next block. Before
    that the oldest files go until the rest and a whole new one are within --keep-bytes, and those not written to for
    --keep-age.

    When there is no room on the disk the records go on and are not recorded, which is told and counted: the exit code is
    1 at the end. With --when-full block the stream waits for room. One process at a time records to a folder.`,
  since,
  accepts: ['any'],
  emits: ['same'],
  keeps: true,
  guarantee: `What comes in goes out, whatever becomes of the recording. A kill costs the recording the blocks not yet
    written, at most what --flush-every or 1 MiB holds; all blocks before stay readable. The disk is forced to have a file
    when it is closed.`,
  args: [{ name: 'DIR', help: 'folder of the recording', required: true, path: true }],
  options: {
    rotate_bytes: {
      type: 'bytes',
      default: '16MiB',
      help: 'close a file before it grows beyond this, packed',
      since,
      group,
    },
    rotate_every: { type: 'duration', default: '1h', min: '1s', help: 'close a file after this period', since, group },
    keep_bytes: { type: 'bytes', default: '1GiB', help: 'most bytes of all files; the oldest go first', since, group },
    keep_age: { type: 'duration', min: '1s', help: 'delete files that were not written to for this long', since, group },
    flush_every: {
      type: 'duration',
      default: '1s',
      min: '1ms',
      help: 'longest time that a record waits before it is written',
      since,
      group,
    },
    when_full: {
      type: 'enum',
      values: ['skip', 'block'],
      default: 'skip',
      help: 'when there is no room: go on without recording, or wait',
      since,
      group,
    },
  },
  examples: [
    {
      command: 'solder scrape host --once | solder record recording | solder view',
      about: 'look at records and keep them',
    },
    {
      command:
        'solder scrape http://127.0.0.1:9100/metrics | solder record /var/lib/solder/day --keep-age 24h' +
        ' | solder write prometheus http://127.0.0.1:9090/api/v1/write',
      about: 'the last day, beside what is sent',
      needs: 'a target and a receiver',
    },
  ],
  create({ args, options }, { clock, log, signal }) {
    const { rotate_bytes: rotateBytes, keep_bytes: keepBytes } = options
    if (keepBytes < 2 * rotateBytes) {
      throw new Problem('--keep-bytes has no room for two files', { expected: 'at least twice --rotate-bytes' })
    }
    const recording = {
      folder: args[0],
      rotateBytes,
      rotateEvery: options.rotate_every,
      retention: { bytes: keepBytes, age: options.keep_age },
      flushEvery: options.flush_every,
      whenFull: options.when_full,
    }
    return Recorder.open(recording, clock, log, signal)
  },
})
