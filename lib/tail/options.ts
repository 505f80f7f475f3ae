// What a tailer can be told.

import { BLOCK_OPTIONS } from '../logs/block_options.js'
import type { OptionTable } from '../option/table.js'
import { LABEL_OPTION, LINE_OPTIONS } from '../receive/line_options.js'

const since = '0.1.0'
const TIMES = { since, group: 'Times' } as const
const BLOCK = { since, group: 'Lines that belong together' } as const
const BOUND = { since, group: 'Bounds' } as const

export const TAIL_OPTIONS = {
  ...LABEL_OPTION,
  exclude: {
    type: 'list',
    value: 'GLOB',
    since,
    help: 'files to leave out: a pattern of paths, or of names where it has no slash',
  },
  from: {
    type: 'enum',
    values: ['checkpoint', 'start', 'end'],
    default: 'checkpoint',
    since,
    help:
      'where files begin that are there at the start: where the last run came to, or else at their start; all at ' +
      'their start; or where the last run came to, or else at their end',
  },
  once: { type: 'bool', since, help: 'read what is there and end' },
  encoding: LINE_OPTIONS.encoding,
  name: {
    type: 'string',
    default: 'files',
    since,
    help: "name of these files in the folder of --state; each 'receive file' there has its own",
  },
  every: { ...TIMES, type: 'duration', default: '250ms', min: '10ms', help: 'time between two looks at a file' },
  scan_every: { ...TIMES, type: 'duration', default: '1s', min: '10ms', help: 'time between two looks for new files' },
  delay: {
    ...TIMES, type: 'duration', default: '1s', help: 'a packed file is read when it has not changed for this long',
  },
  linger: {
    ...TIMES,
    type: 'duration',
    default: '5s',
    help: 'a file that was deleted, or renamed out of sight, is closed when it is quiet for this long',
  },
  partial_wait: {
    ...TIMES,
    type: 'duration',
    help: 'take a last line without newline when it is quiet for this long; if absent it is waited for',
  },
  ignore_older: {
    ...TIMES,
    type: 'duration',
    help: 'leave out files that were last written before this long, unless they have a position',
  },
  multiline: {
    ...BLOCK,
    type: 'string',
    value: 'REGEX',
    help: 'join lines of a file: from one that this RE2 expression matches up to the next one that it matches',
  },
  max_wait_time: { ...BLOCK_OPTIONS.max_wait_time, ...BLOCK },
  max_lines: { ...BLOCK_OPTIONS.max_lines, ...BLOCK },
  max_block_size: { ...BLOCK_OPTIONS.max_block_size, ...BLOCK },
  max_entry_bytes: {
    ...BOUND,
    type: 'bytes',
    default: '1MiB',
    help: 'most bytes of a line; what is more is cut, marked with the attribute truncated, and counted',
  },
  max_open: {
    ...BOUND, type: 'int', default: 1000, min: 16, help: 'files open at once; others are opened when they grow',
  },
  max_folders: { ...BOUND, type: 'int', default: 10_000, min: 1, help: 'folders looked into for one pattern' },
  max_files: { ...BOUND, type: 'int', default: 100_000, min: 1, help: 'files followed at once' },
} as const satisfies OptionTable
