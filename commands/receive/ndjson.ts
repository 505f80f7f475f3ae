// receive ndjson: records from files of lines, such as `write file` and `record` make, from where the last run came to.

import { stat } from 'node:fs/promises'
import { source } from '../../lib/component.js'
import { collect, type Problem, throwAll } from '../../lib/diag/problem.js'
import { READER_OPTIONS } from '../../lib/io/options.js'
import { FileSource } from '../../lib/recording/file_source.js'
import { isPacked } from '../../lib/recording/lines.js'
import { STATE_OPTIONS } from '../../lib/state/options.js'
import { State } from '../../lib/state/state.js'

export default source({
  name: 'receive ndjson',
  summary: 'read records from files, from where the last run came to',
  description: `
    Reads files of records, one after the other, to their end; then it ends. A file is plain or gzip, whatever its name;
    a gzip file whose writer was killed is read as far as it goes, which is told.

    With --state it puts a checkpoint behind the lines of each 256 KiB that it read and behind each file. A sink with the
    same --state commits it once everything before it is stored, and the next run goes on from there. So every record
    arrives at least once, whichever stage of the pipe is killed; what arrives twice came after the last commit.

    A position is that of a path, counted in bytes of what is in the file, with a fingerprint of the bytes before it. A
    file that grew is read on where it was left, and so is one that was packed or copied meanwhile. A file that became
    shorter, or that holds something else before the position, is told and read from its start.

    A last line without newline is read if it is a whole record. If it is not, it is counted as a bad line, and the next
    run begins with it. Checkpoints that stand in a file are those of another pipe: they are dropped, and counted.`,
  since: '0.1.0',
  accepts: [],
  emits: ['target', 'metadata', 'metric', 'log', 'span', 'profile', 'checkpoint'],
  guarantee: `Every line becomes a record or is rejected and counted. With --state here and at the sink each record is
    stored at least once through any kill; without it each run reads everything. Dropped are recorded checkpoints
    ('foreign_checkpoint'); damaged gzip data ends its file ('damaged_file').`,
  args: [{ name: 'FILE', help: 'files of records, plain or gzip', required: true, variadic: true, path: true }],
  options: { ...STATE_OPTIONS, ...READER_OPTIONS },
  async check({ args }) {
    const problems: Problem[] = []
    for (const path of args) {
      // A named pipe would wait for its writer.
      const found = await stat(path).catch(() => null)
      if (found === null || found.isFile()) await collect(problems, () => isPacked(path))
    }
    throwAll(problems)
  },
  examples: [
    {
      command:
        'solder receive ndjson archive/*.ndjson --state state' +
        ' | solder write prometheus http://127.0.0.1:9090/api/v1/write',
      about: 'send an archive',
      needs: 'files and a receiver',
    },
    {
      command: 'solder receive ndjson app.ndjson --state state | solder write file copy.ndjson --state state',
      about: 'copy what is new since the last run',
      needs: 'a file',
    },
  ],
  async run({ args, options }, context) {
    const problems: Problem[] = []
    const state = options.state === undefined ? null : new State(options.state)
    const files: FileSource[] = []
    for (const path of args) {
      await collect(problems, async () => {
        files.push(await FileSource.open(path, state, context))
      })
    }
    throwAll(problems)
    for (const file of files) await file.read()
  },
})
