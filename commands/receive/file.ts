// receive file: the lines of log files as they grow, through rotation.

import { source } from '../../lib/component.js'
import { STATE_OPTIONS } from '../../lib/state/options.js'
import { TAIL_OPTIONS } from '../../lib/tail/options.js'

export default source({
  name: 'receive file',
  summary: 'follow log files by pattern, through rotation, from where the last run came to',
  description: `
    Reads the files that the patterns match, and follows them as they grow; files that appear later are read from
    their start. A pattern may have *, ?, [a-z], {a,b}, and ** for any folders. Without patterns they come as target
    records on stdin: __path__ is the pattern, __path_exclude__ what is left out, and the other labels are those of
    the lines. A target that is gone ends its files.

    Each line becomes a log record with the label filename and those of --label. Its time is that of the reading; of
    lines that were read together each is a nanosecond later than the one before, so that their order stays. The end
    of a line is a newline, with or without carriage return. A last line waits for its newline; it is taken as it is
    when its file was rotated or deleted and is quiet for --linger, or after --partial-wait, or at the end with
    --once.

    With --multiline lines that belong together, such as those of a stack trace, are one record, as 'enrich multiline'
    makes them, but never lines of two files. A block goes on when the next one begins, when its file did not grow for
    --max-wait-time, when it is too long, or behind a line that was cut. Until then its lines count as not read: a run
    that begins later reads the block from its start.

    A file is known by its device and inode and by a fingerprint of what was read, not by its name. So a renamed file
    is read to its end while the new one is begun, and is not read again under its new name; a file that was
    truncated, even if it has grown since, is read from its start; the copy that copytruncate leaves, and a packed
    file (gzip, bzip2, zstd), go on where the original was left, also in another folder (olddir) if at least 1 KiB of
    it was read. For that the patterns have to match the rotated names, too. A deleted file is read to its end, as
    long as it was open.

    With --state it puts checkpoints into the stream. A sink with the same --state commits them once the lines before
    them are stored, and the next run goes on from there: at least once through a kill of any stage. Several 'receive
    file' may share a folder if each has a --name of its own.`,
  since: '0.1.0',
  accepts: ['target'],
  emits: ['log', 'checkpoint'],
  guarantee: `
    With --state here and at the sink every line is stored at least once; what arrives twice was read after the last
    commit. Lost is what a file held when it was deleted, or truncated without a copy, before it was read, with
    --multiline before its last block went on. Lines that became a part of another one count as 'joined', the end of a
    line that was cut as 'line_too_long'; binary files are rejected as 'not_text', those that are packed in other ways
    (xz, lz4, zip) as 'unknown_packing', damaged packed ones as 'damaged_file'. Target records are consumed and
    counted so, those without __path__ as 'no_path'; other records are rejected as not_a_target.`,
  args: [
    { name: 'GLOB', help: 'files to follow; without any, targets are read from stdin', variadic: true, path: true },
  ],
  options: { ...TAIL_OPTIONS, ...STATE_OPTIONS },
  async check({ args, options }) {
    const { checkFiles } = await import('../../lib/tail/stage.js')
    await checkFiles(args, options)
  },
  examples: [
    {
      command: "solder receive file '/var/log/*.log' --state state | solder write file logs/ --state state",
      about: 'keep what is logged',
      needs: 'it runs until it is stopped',
    },
    {
      command:
        "solder receive file '/var/log/pods/*/*/*.log' --exclude '**/kube-proxy/*' --label cluster=eu --from end",
      about: 'what the containers of a node say from now on',
      needs: 'files of logs',
    },
    {
      command: "solder receive file '/srv/shop/*.log' --multiline '^[0-9]{4}-'",
      about: 'stack traces in one piece: what does not begin with a date belongs to what does',
      needs: 'it runs until it is stopped',
    },
    { command: "solder receive file '*.log*' --once", about: 'read what is there, and end' },
  ],
  async run({ args, options }, context) {
    const { followFiles } = await import('../../lib/tail/stage.js')
    await followFiles(args, options, context)
  },
})
