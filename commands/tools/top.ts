// top: a live table of the stages of a running pipeline.

import { ADMIN_CLIENT_OPTIONS } from '../../lib/admin/client.js'
import { tool } from '../../lib/component.js'
import { EXIT } from '../../lib/diag/problem.js'

const since = '0.1.0'

/** Cursor to the corner, and nothing below it (ECMA-48: CUP, ED). */
const CLEAR = '\x1b[H\x1b[J'

export default tool({
  name: 'top',
  summary: 'show the stages of a running pipeline: rates, drops, memory',
  description: `
    A line for each pipe that 'solder run FILE' keeps running, with its state, the CPU time and memory of its process
    and how often it was started again; below it a line for each of its stages, with the records a second that come in
    or are made, that go out and that are dropped, those that it holds, and the bytes a second that it reads and
    writes. Stages of one process share its memory and CPU time.

    On a terminal the table is drawn anew every --every, until Ctrl-C, as far as there is room; elsewhere one follows
    the other.`,
  since,
  args: [],
  options: {
    every: { type: 'duration', default: '1s', min: '100ms', help: 'time between two looks', since },
    once: { type: 'bool', help: 'print one table, of two looks, and end', since },
    ...ADMIN_CLIENT_OPTIONS,
  },
  examples: [
    { command: 'solder top', about: 'watch a running pipeline', needs: 'a running pipeline' },
    { command: 'solder top --once --every 10s', about: 'rates over ten seconds', needs: 'a running pipeline' },
  ],
  async run({ options }, context) {
    const { AdminClient } = await import('../../lib/admin/client.js')
    const { tableOf } = await import('../../lib/admin/table.js')
    const { systemClock } = await import('../../lib/io/clock.js')
    const { stopSignal } = await import('../../lib/io/signal.js')
    const { terminal } = await import('../../lib/io/terminal.js')
    const { colored, plain } = await import('../../lib/view/style.js')
    const client = new AdminClient(options)
    const stop = stopSignal()
    const { color } = terminal()
    const live = terminal().width !== undefined && !options.once
    /** As it is now: a terminal may change its size. The cursor takes the last line. */
    const room = () => {
      const { width, height } = terminal()
      return { width, height: live && height !== undefined ? height - 1 : undefined, paint: color ? colored : plain }
    }
    const look = async () => {
      const { pipes } = (await client.json('/api/v1/pipes')) as { pipes: Parameters<typeof tableOf>[0]['pipes'] }
      return { at: systemClock.monotonic(), pipes }
    }
    let before = await look()
    for (let first = true; !stop.aborted; first = false) {
      await systemClock.sleep(options.every, stop)
      if (stop.aborted) break
      const now = await look()
      await context.print(`${live ? CLEAR : first ? '' : '\n'}${tableOf(before, now, room())}`)
      if (options.once) break
      before = now
    }
    return EXIT.done
  },
})
