// docker: reads lines of Docker's json-file driver, {"log":…,"stream":…,"time":…}.

import { timestampParser } from '../../go/timestamp.js'
import type { Json } from '../../record/json.js'
import { defineStage } from '../definition.js'

export default defineStage({
  name: 'docker',
  options: {},
  prepare() {
    return ({ streams, clock }) => {
      const set = streams.setter('stream')
      const time = timestampParser('RFC3339Nano', undefined, () => clock.millis())
      return {
        process(entry) {
          const found = parsed(entry.line)
          if (found === undefined) return undefined
          entry.set('output', found.log)
          entry.set('stream', found.stream)
          entry.set('timestamp', found.time)
          entry.line = found.log
          entry.identity = set(entry.identity, found.stream)
          const ts = time(found.time)
          if (typeof ts === 'string') entry.ts = ts
          return undefined
        },
      }
    }
  },
})

/** undefined for what is something else. */
function parsed(line: string): { log: string; stream: string; time: string } | undefined {
  try {
    const object = JSON.parse(line) as { readonly [key: string]: Json } | null
    const field = (key: string): Json => (object !== null && Object.hasOwn(object, key) ? object[key] : '')
    const [log, stream, time] = [field('log'), field('stream'), field('time')]
    if (typeof log !== 'string' || typeof stream !== 'string' || typeof time !== 'string') return undefined
    return log === '' && stream === '' && time === '' ? undefined : { log, stream, time }
  } catch {
    return undefined
  }
}
