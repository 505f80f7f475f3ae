// Targets of a command line, asked once.

import { collect, type Problem, throwAll } from '../diag/problem.js'
import type { HttpClient } from '../net/client.js'
import { reach } from '../net/reach.js'
import { foundOfUrl } from './found.js'
import { targetOf } from './pool.js'
import { settingsOf } from './settings.js'

type Options = Parameters<typeof settingsOf>[0]

/** Throws a Problem for each target that does not answer. */
export async function reachTargets(urls: readonly string[], client: HttpClient, options: Options): Promise<void> {
  const problems: Problem[] = []
  const { defaults, fetch } = await settingsOf(options, problems)
  const asked = urls.map(async (text) => {
    const wrong: Problem[] = []
    await collect(wrong, async () => {
      const found = foundOfUrl(text)
      const target = targetOf(found, defaults)
      const { authorization } = found
      const headers = { accept: fetch.accept, ...(authorization !== undefined && { authorization }) }
      if (target !== null) await reach(client, { method: 'GET', url: target.url, headers, maxBytes: Infinity })
    })
    return wrong
  })
  throwAll([...problems, ...(await Promise.all(asked)).flat()])
}
