// view: records for people.

import { sink } from '../../lib/component.js'
import { Output } from '../../lib/io/output.js'
import { terminal } from '../../lib/io/terminal.js'
import { Viewer } from '../../lib/view/lines.js'
import { colored, plain } from '../../lib/view/style.js'

export default sink({
  name: 'view',
  summary: 'show records to people',
  description: `Writes readable lines: the time (of today; of other days with the date), then what the record says.
Metrics show their value with its unit, as far as their metadata or their name tells it; native histograms show count,
sum and their buckets as bars; logs show level and body, spans how long they took.

On a terminal it colours, and label sets that are too long are cut to the width, the number of those left out behind
'+'. Control characters in the data are shown as escapes: a label cannot paint the screen.

It is the one stage whose stdout is not records. To look into a running pipe, use 'tee': … | tee >(solder view >&2) |
…`,
  since: '0.1.0',
  accepts: ['any', 'checkpoint'],
  emits: [],
  guarantee: 'Every record is shown; nothing is kept.',
  args: [],
  options: {
    utc: { type: 'bool', help: 'show times in UTC, not in local time', since: '0.1.0' },
    wide: { type: 'bool', help: 'show all labels, however long the line gets', since: '0.1.0' },
    width: {
      type: 'int',
      min: 40,
      help: "columns to keep within; the terminal's if absent, and all where there is none",
      since: '0.1.0',
    },
    exact: { type: 'bool', help: 'show numbers as they are, not in larger units', since: '0.1.0' },
    color: {
      type: 'enum',
      values: ['auto', 'always', 'never'],
      default: 'auto',
      help: 'whether to colour; auto is on a terminal, unless NO_COLOR is set',
      since: '0.1.0',
    },
  },
  examples: [
    { command: 'solder scrape host --once --collector loadavg | solder view', about: 'read the load' },
    {
      command: `echo '{"type":"log","ts":"1763804400123456789","body":"paid","severity":"INFO"}' | solder view --utc`,
      about: 'read a log entry',
    },
  ],
  create({ options }, context) {
    const { color, width } = terminal()
    const output = new Output(1)
    const viewer = new Viewer({
      paint: options.color === 'always' || (options.color === 'auto' && color) ? colored : plain,
      width: options.wide ? Infinity : (options.width ?? width ?? Infinity),
      utc: options.utc,
      exact: options.exact,
      now: () => context.clock.millis(),
    })
    return {
      async write(batch) {
        await output.text(viewer.text(batch))
        context.account.out += batch.length
      },
      end: () => output.flush(),
    }
  },
})
