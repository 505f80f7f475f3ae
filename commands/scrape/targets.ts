// scrape: Prometheus targets over HTTP.

import { source, type SourceContext } from '../../lib/component.js'
import { collect, EXIT, Problem, problemsOf, throwAll } from '../../lib/diag/problem.js'
import { CLIENT_OPTIONS } from '../../lib/net/options.js'
import type { Record } from '../../lib/record/record.js'
import { millisOf } from '../../lib/record/time.js'
import { foundOfUrl, withDefaults } from '../../lib/scrape/found.js'
import { SCRAPE_OPTIONS } from '../../lib/scrape/options.js'
import type { ScrapeJob } from '../../lib/scrape/job.js'
import type { Found } from '../../lib/scrape/pool.js'

export default source({
  name: 'scrape',
  summary: 'scrape Prometheus targets over HTTP',
  description: `
    Scrapes URLs, or the targets that come as records on stdin, at any time, as Prometheus 3 does: the same labels, formats,
    limits, staleness markers and 'up' and 'scrape_*' series. A target record with state 'gone' ends its target. When stdin
    ends, the targets that are there are scraped on.

    Each target has its own place in the interval, by a hash of its labels and URL, so that scrapes are spread evenly and
    are at the same times in every process. No target waits for another. A scrape that would begin while the one before is
    still running, or while the reader of stdout is slow, is left out. All samples of a scrape have the time of its start,
    in whole milliseconds.

    A series gets a staleness marker when the target no longer shows it, when the scrape fails, and two intervals after
    its target has gone (unless it has come back, or the record says why: moved). There are none when the scraper itself
    stops: whoever starts it again carries on.

    Labels of a target record whose name begins with two underscores steer the scrape and do not reach its series:
    __scheme__, __metrics_path__, __param_NAME, __scrape_interval__, __scrape_timeout__, __unix_socket__,
    __scrape_native_histograms__, __always_scrape_classic_histograms__, __convert_classic_histograms_to_nhcb__.
    To relabel targets put 'solder relabel' before this command.`,
  since: '0.1.0',
  accepts: ['target'],
  emits: ['metadata', 'metric'],
  guarantee: `
    A failed scrape is never retried; its 'up' is 0, and the reason is logged when it changes. Samples that repeat within a
    scrape, go back in time or are more than ten minutes ahead are dropped and counted as duplicate, out_of_order and
    out_of_bounds. Target records are consumed and counted so; other records are rejected as not_a_target.`,
  args: [{ name: 'URL', help: 'a target, or HOST:PORT; without any, targets are read from stdin', variadic: true }],
  options: { ...SCRAPE_OPTIONS, ...CLIENT_OPTIONS },
  async check({ args, options }) {
    const problems: Problem[] = []
    for (const url of args) foundOf(url, problems)
    const { settingsOf } = await import('../../lib/scrape/settings.js')
    const { clientOf } = await import('../../lib/net/http.js')
    await settingsOf(options, problems)
    const client = await collect(problems, () => clientOf(options))
    await client?.close()
    throwAll(problems)
  },
  async connect({ args, options }) {
    const { clientOf } = await import('../../lib/net/http.js')
    const { reachTargets } = await import('../../lib/scrape/reach.js')
    const client = await clientOf(options)
    await reachTargets(args, client, options).finally(() => client.close())
    return args.length
  },
  examples: [
    { command: 'solder scrape http://127.0.0.1:9100/metrics --once', about: 'one look at an exporter', needs: 'an exporter' },
    {
      command: 'solder discover static 10.0.0.7:9100 10.0.0.8:9100 --label job=node | solder scrape --every 15s',
      about: 'scrape two machines until stopped',
      needs: 'it runs until it is stopped',
    },
    {
      command:
        'solder scrape https://h:9100 --basic-user me --basic-password file:secret --sample-limit 10000 ' +
        '--metric-relabel rules.yaml',
      about: 'with a password, a bound, and relabel rules',
      needs: 'a target and a file',
    },
    { command: 'solder scrape --once < /dev/null', about: 'without targets there is nothing to do' },
  ],
  async run({ args, options }, context) {
    const problems: Problem[] = []
    const found = args.flatMap((url) => foundOf(url, problems))
    const { ScrapeJob } = await import('../../lib/scrape/job.js')
    const job = await ScrapeJob.open(options, context, problems)
    try {
      for (const each of found) job.present({ ...each, labels: withDefaults(each.labels, options.label) })
      const feeds = () => Promise.race([feed(job, options.label, context), aborted(context.signal)])
      const fed = found.length > 0 ? undefined : feeds()
      await Promise.race([job.failed, fed])
      await Promise.race([job.failed, job.finished()])
    } finally {
      await job.close()
    }
    if (options.once && job.down > 0 && job.up === 0) {
      throw new Problem(job.down === 1 ? 'the target is down' : `all ${job.down} targets are down`, { exit: EXIT.failed })
    }
  },
})

function foundOf(url: string, problems: Problem[]): readonly Found[] {
  try {
    return [foundOfUrl(url)]
  } catch (error) {
    problems.push(...problemsOf(error))
    return []
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Takes target records from stdin until its end. */
async function feed(job: ScrapeJob, label: ReadonlyMap<string, string>, context: SourceContext): Promise<void> {
  for await (const batch of context.records()) {
    for (let row = 0; row < batch.length; row++) {
      const identity = batch.id(row)
      if (identity !== undefined) take({ identity, payload: batch.payload(row) }, job, label, context)
    }
  }
}

function take(record: Record, job: ScrapeJob, label: ReadonlyMap<string, string>, context: SourceContext): void {
  const { type } = record.identity
  if (type === 'checkpoint') return context.account.drop('consumed', 1)
  if (type !== 'target') return context.reject({ reason: 'not_a_target', detail: `a ${type} record is no target`, original: record })
  const { state = 'present', why, from, until } = record.payload
  const labels = withDefaults(record.identity.labels, label)
  try {
    if (state === 'gone') job.gone(labels, why === 'moved', millisIn(until))
    else if (state === 'present') job.present({ labels, from: millisIn(from) })
    else throw new Error(`unknown state ${JSON.stringify(state)}: expected present or gone`)
    context.account.drop('consumed', 1)
  } catch (error) {
    context.reject({ reason: 'bad_target', detail: (error as Error).message, original: record })
  }
}

/** Unix milliseconds of a time in a target record, 0 where there is none. */
function millisIn(time: unknown): number {
  if (time === undefined) return 0
  if (typeof time !== 'string' || !/^\d+$/.test(time)) throw new Error(`not a time: ${JSON.stringify(time)}`)
  return millisOf(time)
}
