// Which exposition format a body is in, where nothing says so.

import { LF } from './characters.js'
import { MessageReader } from './message.js'
import { decodeFamily } from './metric_message.js'
import type { ExpositionFormat } from './parser.js'

/** The tag of a family's first field, its name. */
const NAME_TAG = 0x0a

/** OpenMetrics ends in `# EOF`; protobuf begins with a message that has a metric's name; all else is text. */
export function guessFormat(body: Buffer): ExpositionFormat {
  if (isFamily(body)) return 'protobuf'
  const end = body.at(-1) === LF ? body.length - 1 : body.length
  const last = body.latin1Slice(Math.max(0, end - 6), end)
  return last === '\n# EOF' || last === '# EOF' ? 'openmetrics' : 'text'
}

function isFamily(body: Buffer): boolean {
  const reader = new MessageReader(body, 0, body.length)
  try {
    reader.delimited()
    // Text may begin with a character and a line feed, but is no whole message then.
    return body[reader.start] === NAME_TAG && decodeFamily(body, reader.start, reader.stop).name !== ''
  } catch {
    return false
  }
}
