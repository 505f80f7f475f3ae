// The option of stages that know positions.

import type { OptionTable } from '../option/table.js'

export const STATE_OPTIONS = {
  state: {
    type: 'path',
    value: 'DIR',
    help: 'folder of committed positions, the same for the source and the sink of a pipe',
    since: '0.1.0',
    group: 'Records and errors',
  },
} as const satisfies OptionTable
