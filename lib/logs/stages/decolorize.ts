// decolorize: takes the escape sequences of terminals out of the line.

import { Pattern } from '../../regex/pattern.js'
import { defineStage } from '../definition.js'

/** CSI sequences and OSC sequences that end in BEL, as the package strip-ansi knows them. */
const OPERATING_SYSTEM = String.raw`(?:[a-zA-Z\d]*(?:;[a-zA-Z\d]*)*)?\x07`
const CONTROL = String.raw`(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PRZcf-ntqry=><~]`
const ESCAPES = String.raw`[\x1B\x{9B}][\[\]()#;?]*(?:${OPERATING_SYSTEM}|${CONTROL})`

export default defineStage({
  name: 'decolorize',
  options: {},
  prepare() {
    const pattern = Pattern.search(ESCAPES)
    return () => ({
      process(entry) {
        const { line } = entry
        if (!line.includes('\x1B') && !line.includes('\x9B')) return undefined
        let plain = ''
        let at = 0
        for (const [start, end] of pattern.matches(line)) {
          plain += line.slice(at, start)
          at = end
        }
        entry.line = plain + line.slice(at)
        return undefined
      },
    })
  },
})
