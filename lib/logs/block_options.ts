// How long a block of lines may become, and how long it waits.

import type { OptionTable } from '../option/table.js'

const since = '0.1.0'

export const BLOCK_OPTIONS = {
  max_wait_time: {
    type: 'duration', default: '3s', since,
    help: 'longest time that a block waits for another line',
  },
  max_lines: { type: 'int', default: 128, min: 0, help: 'lines of the longest block; 0: no bound', since },
  max_block_size: {
    type: 'bytes', default: '1MiB', since,
    help: 'size from which on a block takes no more lines',
  },
} as const satisfies OptionTable
