// match: runs stages for the entries that a LogQL selector selects, or drops these entries.

import { Problem } from '../../diag/problem.js'
import { parseSelector, type Selector } from '../../logql/selector.js'
import { type Identity, memoSlot } from '../../record/identity.js'
import { defineStage } from '../definition.js'
import type { LogEntry } from '../entry.js'
import { DROP_REASON } from '../source.js'
import type { Chain, HoldingStage, Next, Stage } from '../stage.js'

export default defineStage({
  name: 'match',
  nests: true,
  options: {
    selector: {
      type: 'string', since: '0.1.0',
      help: 'a selector of LogQL with line filters: {app="shop"} |= "error"',
    },
    action: {
      type: 'enum', values: ['keep', 'drop'], default: 'keep', since: '0.1.0',
      help: 'run the stages inside, or drop what is selected',
    },
    pipeline_name: {
      type: 'string', since: '0.1.0',
      help: 'says nothing; it is taken for the sake of configurations that have it',
    },
    drop_counter_reason: { ...DROP_REASON, default: 'match_stage' },
  },
  invalid: { action: () => "match stage action should be 'keep' or 'drop'" },
  prepare({ selector = '', action, drop_counter_reason }, _, nested) {
    if (selector === '') {
      throw new Problem('selector statement required for match stage', { expected: '{app="shop"} |= "error"' })
    }
    if (action === 'keep' && nested === 0) {
      throw new Problem("match stage requires at least one additional stage to be defined in '- stages'")
    }
    if (action === 'drop' && nested > 0) {
      throw new Problem('match stage configured to drop entries cannot contains stages')
    }
    const selects = selectedBy(parseSelector(selector))
    const reason = drop_counter_reason === '' ? 'match_stage' : drop_counter_reason
    return (_context, chain): Stage => {
      if (chain === undefined) return { process: (entry) => (selects(entry) ? reason : undefined) }
      if (!chain.immediate) return new Matched(selects, chain)
      return { process: (entry) => (selects(entry) ? chain.process(entry) : undefined) }
    }
  },
})

/** What the labels say is remembered. */
function selectedBy(selector: Selector): (entry: LogEntry) => boolean {
  const slot = memoSlot()
  const byLabels = (id: Identity) => ((id.memo ??= [])[slot] ??= selector.labels(id.labels)) as boolean
  return ({ identity, line }) => byLabels(identity) && selector.line(line)
}

class Matched implements HoldingStage {
  constructor(
    private readonly selects: (entry: LogEntry) => boolean,
    private readonly chain: Chain,
  ) {}

  take(entry: LogEntry, next: Next): void {
    if (this.selects(entry)) this.chain.take(entry, next)
    else next(entry)
  }

  held(): number {
    return this.chain.held()
  }

  due(): number {
    return this.chain.due()
  }

  tick(now: number, next: Next): void {
    this.chain.tick(now, next)
  }

  flush(next: Next): void {
    this.chain.flush(next)
  }

  full(): boolean {
    return this.chain.full()
  }
}
