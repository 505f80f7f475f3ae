// receive lines: text on stdin to logs.

import { source } from '../../lib/component.js'
import { LINE_OPTIONS } from '../../lib/receive/line_options.js'
import { Stamps } from '../../lib/receive/stamps.js'
import { TextLines } from '../../lib/receive/text_lines.js'
import { labelsOfMap } from '../../lib/record/labels.js'
import { checkEncoding } from '../../lib/wire/lines/encoding.js'

export default source({
  name: 'receive lines',
  summary: 'make a log record of each line of text on stdin',
  description: `
    Reads text from stdin; each line becomes a log record, an empty one too. Lines end with a newline, or with a
    carriage return and a newline; a last line without newline counts. The time of a record is that of its reading; of
    lines that came together each is a nanosecond later than the one before, so that their order stays.

    A line longer than --max-line-bytes is cut there and marked with the attribute truncated; the rest of it is passed
    over. So a program that never ends its line takes no memory. Bytes that are no text in --encoding become U+FFFD.`,
  since: '0.1.0',
  accepts: [],
  emits: ['log'],
  guarantee: `Each line becomes a record. What stands in the pipe when a stage is killed is lost, since stdin cannot
    be read again. The rest of a line that was cut is lost, and counted ('line_too_long'); the record says so.`,
  args: [],
  options: LINE_OPTIONS,
  check({ options }) {
    checkEncoding(options.encoding, '--encoding')
  },
  examples: [
    { command: 'uname -a | solder receive lines --label app=kernel', about: 'what a program says, as logs' },
    { command: "printf 'a\\nb' | solder receive lines --label app=x | solder view", about: 'look at them' },
    {
      command: 'make 2>&1 | solder receive lines --label app=build | solder write file build.ndjson',
      about: 'keep what a build says',
      needs: 'something to build',
    },
  ],
  async run({ options }, context) {
    checkEncoding(options.encoding, '--encoding')
    const lines = new TextLines(labelsOfMap(options.label), options, new Stamps(context.clock), context)
    for await (const chunk of context.stdin()) await lines.push(chunk)
    await lines.end()
  },
})
