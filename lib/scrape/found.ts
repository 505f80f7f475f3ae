// Targets as people and discovery name them: URLs on the command line, target records on stdin.

import { Problem } from '../diag/problem.js'
import { basicOfUrl } from '../net/basic.js'
import { type Labels, labelPairs, labelsOf, labelsOfMap } from '../record/labels.js'
import type { Found } from './pool.js'

const URL_WORDS = /^(?:(https?):\/\/)?(?:[^/?#@]*@)?([^/?#@]+)(\/(?!\/)[^?#]*)?(\?[^#]*)?$/i

/** The target of a URL, or of `HOST:PORT` with or without a path. A user and password become its own credentials. */
export function foundOfUrl(text: string): Found {
  const match = URL_WORDS.exec(text)
  const url = match === null ? '' : `${match[1] === undefined ? 'http://' : ''}${text}`
  // A user's name or password is not to be shown.
  if (match === null || !URL.canParse(url)) {
    const shown = text.replace(/\/\/[^/]*@/, '//')
    throw new Problem(`not a target: '${shown}'`, { expected: 'a URL such as http://127.0.0.1:9100/metrics' })
  }
  const [, scheme, address, path = '', query] = match
  const labels = new Map([['__address__', address]])
  if (scheme !== undefined) labels.set('__scheme__', scheme.toLowerCase())
  if (path !== '' && path !== '/') labels.set('__metrics_path__', decoded(path))
  const params = new Map<string, string[]>()
  for (const [name, value] of new URLSearchParams(query)) params.set(name, [...(params.get(name) ?? []), value])
  return { labels: labelsOfMap(labels), params, authorization: basicOfUrl(new URL(url)) }
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** Labels with those of `more` that they lack. */
export function withDefaults(labels: Labels, more: ReadonlyMap<string, string>): Labels {
  return more.size === 0 ? labels : labelsOf([...more, ...labelPairs(labels)])
}
