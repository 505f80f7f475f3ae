// filefd: open files of the whole system, /proc/sys/fs/file-nr.

import { fieldsOf, numberIn, procCollector } from './collector.js'
import type { Families } from './families.js'

export function parseFileNr(text: string, out: Families): void {
  const [allocated, , maximum] = fieldsOf(text)
  out.gauge('node_filefd_allocated', 'File descriptor statistics: allocated.', numberIn(allocated))
  out.gauge('node_filefd_maximum', 'File descriptor statistics: maximum.', numberIn(maximum))
}

export const filefd = procCollector('filefd', 'sys/fs/file-nr', parseFileNr)
