// discover http: targets from a URL that answers with target groups.

import { type SourceContext, source } from '../../lib/component.js'
import { Problem } from '../../lib/diag/problem.js'
import { Known } from '../../lib/discovery/known.js'
import { repeat } from '../../lib/discovery/loop.js'
import { Web } from '../../lib/discovery/web.js'
import { clientOf } from '../../lib/net/http.js'
import { reach } from '../../lib/net/reach.js'
import { CLIENT_OPTIONS } from '../../lib/net/options.js'

export default source({
  name: 'discover http',
  summary: 'make target records from a URL that answers with target groups, as they change',
  description: `
    Asks a URL for Prometheus's http_sd format: status 200, content type application/json, and a list of
    {targets: [HOST:PORT …], labels: {NAME: VALUE …}}. A target's labels are __address__, those of its group and
    __meta_url.

    Emits every target once with "state":"present", and once more with "state":"gone" when no group has it any longer.
    An answer that is none of this is told, and the targets stay as they were.`,
  since: '0.1.0',
  accepts: [],
  emits: ['target'],
  guarantee: 'What the last good answer held has been emitted; a state between two answers is not.',
  args: [{ name: 'URL', help: 'where to ask', required: true }],
  options: {
    every: { type: 'duration', default: '1m', min: '1s', help: 'time between two questions', since: '0.1.0' },
    timeout: { type: 'duration', default: '10s', min: '1ms', help: 'longest time for an answer', since: '0.1.0' },
    once: { type: 'bool', help: 'ask once and end; 75 is the exit code where a retry is sensible', since: '0.1.0' },
    max_body_bytes: {
      type: 'bytes',
      default: '64MiB',
      help: 'largest answer accepted',
      since: '0.1.0',
      group: 'Bounds',
    },
    ...CLIENT_OPTIONS,
  },
  async check({ args: [url], options }) {
    checkUrl(url)
    await (await clientOf(options)).close()
  },
  async connect({ args: [url], options }) {
    const client = await clientOf(options)
    await reach(client, { method: 'GET', url, maxBytes: options.max_body_bytes }).finally(() => client.close())
    return 1
  },
  examples: [
    {
      command: 'solder discover http http://inventory.example/targets --every 30s | solder scrape --every 15s',
      about: 'scrape what an inventory names',
      needs: 'a server',
    },
  ],
  async run({ args: [url], options }, context) {
    checkUrl(url)
    const client = await clientOf(options)
    const known = new Known('__meta_url')
    const web = new Web(
      { url, every: options.every, timeout: options.timeout, maxBytes: options.max_body_bytes },
      known,
      client,
    )
    try {
      const refresh = () => refreshed(web, known, context)
      if (options.once) await refresh()
      else await repeat(() => options.every, context, refresh)
    } finally {
      await client.close()
    }
  },
})

function checkUrl(url: string): void {
  if (URL.canParse(url) && /^https?:/.test(url)) return
  throw new Problem('URL is not valid', { expected: 'http://… or https://…' })
}

async function refreshed(web: Web, known: Known, context: SourceContext): Promise<void> {
  try {
    await web.refresh(context.signal)
  } catch (error) {
    // Whoever stops the stage has no use for the answer.
    if (context.signal.aborted) return
    throw error
  }
  const batch = known.changes()
  if (batch.length > 0) await context.emit(batch)
}
