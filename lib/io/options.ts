// Options that every stage takes.

import type { OptionTable } from '../option/table.js'

export const COMMON_OPTIONS = {
  on_bad: {
    type: 'enum',
    values: ['drop', 'fail', 'pass'],
    default: 'drop',
    help: 'what to do with a record that cannot be taken: drop it, fail, or pass it on as it is',
    since: '0.1.0',
    group: 'Records and errors',
  },
  dead_letter: {
    type: 'path',
    help: 'append every rejected record to this file, with the reason',
    since: '0.1.0',
    group: 'Records and errors',
  },
  ledger: {
    type: 'bool',
    help: 'write the account (in, made, out, dropped by reason, pending, bytes) to stderr at the end and on SIGUSR1',
    since: '0.1.0',
    group: 'Records and errors',
  },
  log_level: {
    type: 'enum',
    values: ['debug', 'info', 'warn', 'error'],
    default: 'info',
    help: 'least severe events to log on stderr',
    since: '0.1.0',
    group: 'Records and errors',
  },
  log_format: {
    type: 'enum',
    values: ['text', 'json'],
    default: 'text',
    help: 'form of the log',
    since: '0.1.0',
    group: 'Records and errors',
  },
} as const satisfies OptionTable

/** Bounds of stages that read records. */
export const READER_OPTIONS = {
  max_line_bytes: {
    type: 'bytes',
    default: '16MiB',
    help: 'longest line accepted',
    since: '0.1.0',
    group: 'Bounds',
  },
  max_depth: {
    type: 'int',
    default: 64,
    min: 1,
    max: 1000,
    help: 'deepest nesting accepted in a record',
    since: '0.1.0',
    group: 'Bounds',
  },
  max_identities: {
    type: 'int',
    default: 500_000,
    min: 1,
    help: 'identities remembered; those unseen for longest are forgotten first',
    since: '0.1.0',
    group: 'Bounds',
  },
} as const satisfies OptionTable
