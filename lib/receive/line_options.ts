// Options of sources that make a log record of each line of text.

import type { OptionTable } from '../option/table.js'

const since = '0.1.0'

export const LABEL_OPTION = {
  label: { type: 'map', help: 'add a label to every record', since },
} as const satisfies OptionTable

/** Of messages that may tell their time. */
export const TIMESTAMP_OPTION = {
  timestamp: {
    type: 'enum',
    values: ['message', 'received'],
    default: 'message',
    help: 'the time of a record: that of the message, if it has one, or that of its arrival',
    since,
  },
} as const satisfies OptionTable

export const LINE_OPTIONS = {
  ...LABEL_OPTION,
  encoding: {
    type: 'string',
    default: 'auto',
    value: 'ENCODING',
    help: 'what the text is in: utf-8, utf-16le, latin1 …; auto is UTF-8, or UTF-16 where a byte order mark says so',
    since,
  },
  max_line_bytes: {
    type: 'bytes',
    default: '1MiB',
    help: 'longest line, in bytes of UTF-8; what is longer is cut, and marked',
    since,
    group: 'Bounds',
  },
} as const satisfies OptionTable
