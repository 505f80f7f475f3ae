// How the JavaScript heap grows: for processes that hold much for long, and make little garbage meanwhile.

import { setFlagsFromString } from 'node:v8'

/**
 * To be called early. V8 lets the heap grow to twice what is alive before it collects, and the part for new objects to
 * 48 MB. Measured on 100,000 series: 70 MB less resident memory, of 260. What makes much garbage takes a tenth longer.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=25')
  setFlagsFromString('--semi-space-growth-factor=1')
}

/**
 * Lets the part for new objects grow again, which is for processes that make much garbage: log entries. Measured, files of
 * logfmt to Loki in one process: a fifth less CPU time, and 30 MB more resident memory.
 */
export function makeRoomForGarbage(): void {
  setFlagsFromString('--semi-space-growth-factor=2')
}
