// The ends of what joins two pipes: a source and a sink around a descriptor, with lines on it.

import { Socket } from 'node:net'
import { sink, source } from '../component.js'
import { COMMON_OPTIONS, READER_OPTIONS } from '../io/options.js'
import { Output } from '../io/output.js'
import { type OptionTable, type OptionValues } from '../option/table.js'
import { defaultValue } from '../option/value.js'
import type { GraphStage } from '../pipeline/graph.js'

/** Milliseconds without records after which a pipe that is to stop has read what was on its way. */
const QUIET_MS = 300

const DECLARED = { summary: '', description: '', since: '0.1.0', guarantee: '', args: [], options: {}, examples: [] }

function input() {
  const table: OptionTable = { ...COMMON_OPTIONS, ...READER_OPTIONS }
  const options = Object.fromEntries(Object.entries(table).map(([key, spec]) => [key, defaultValue(spec)]))
  return { args: [], options: options as OptionValues<OptionTable> }
}

/** The records of another pipe. */
export function linkSource(pipe: string, fd: number): GraphStage {
  const component = source({
    ...DECLARED,
    name: `from ${pipe}`,
    accepts: [],
    emits: ['same'],
    async run(_, context) {
      const socket = new Socket({ fd, readable: true, writable: false })
      const { signal, clock } = context
      let quiet = true
      // What is on its way is read. The other pipe's end is seen at once; one that goes on is quiet when nothing is
      // left.
      const drain = async () => {
        for (quiet = false; !quiet; await clock.sleep(QUIET_MS)) quiet = true
        socket.destroy()
      }
      signal.addEventListener('abort', () => void drain(), { once: true })
      const reader = context.lines(pipe, 0)
      try {
        for await (const chunk of socket) {
          quiet = false
          context.account.in_bytes += (chunk as Buffer).length
          const batch = reader.push(chunk as Buffer)
          if (batch !== null) await context.emit(batch)
        }
      } catch (error) {
        if (!signal.aborted) throw error
      }
    },
  })
  return { id: `from-${pipe}`, stage: { component, input: input() } }
}

/** The records go to another pipe, checkpoints too. */
export function linkSink(pipe: string, fd: number): GraphStage {
  const component = sink({
    ...DECLARED,
    name: `to ${pipe}`,
    accepts: ['any', 'checkpoint'],
    emits: [],
    create(_, { account }) {
      const output = new Output(fd)
      return {
        async write(batch) {
          await output.batch(batch)
          account.out += batch.length
          account.out_bytes = output.bytes
        },
        end: () => output.flush(),
      }
    },
  })
  return { id: `to-${pipe}`, stage: { component, input: input() } }
}
