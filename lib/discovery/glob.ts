// File patterns as Prometheus takes them: wildcards in the last segment only, and names that say the format.

import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Problem } from '../diag/problem.js'
import type { Format } from './group.js'

export interface FilePattern {
  text: string
  /** Where its files are. */
  folder: string
  /** null for a plain path. */
  name: RegExp | null
}

/** Throws a Problem where it is none. */
export function filePattern(text: string): FilePattern {
  if (!/\.(?:json|ya?ml)$/i.test(text)) {
    throw new Problem(`'${text}' is no name for target groups`, {
      expected: 'a name that ends with .json, .yml or .yaml',
    })
  }
  const folder = dirname(text)
  if (/[*?[]/.test(folder)) {
    throw new Problem(`'${text}': wildcards in a folder's name`, {
      expected: 'wildcards in the last part of the path only',
    })
  }
  const last = basename(text)
  return { text, folder, name: /[*?[\\]/.test(last) ? nameRegExp(last, text) : null }
}

export function formatOf(path: string): Format {
  return /\.json$/i.test(path) ? 'json' : 'yaml'
}

/** The files that match, sorted; none where the folder is not there. */
export async function filesOf({ text, folder, name }: FilePattern): Promise<string[]> {
  if (name === null) return (await exists(text)) ? [text] : []
  let names: string[]
  try {
    names = await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  const lead = text.slice(0, text.length - basename(text).length)
  return names
    .filter((entry) => name.test(entry))
    .sort()
    .map((entry) => (lead === '' ? entry : join(lead, entry)))
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch {
    return false
  }
}

/** `*`, `?`, `[a-z]`, `[^a-z]` and `\c`, as in Go's filepath.Match. */
function nameRegExp(pattern: string, text: string): RegExp {
  const part = /\\(.)|\*+|\?|\[(\^?)((?:\\.|[^\]\\])+)\]|[^\\*?[]/gsu
  let source = ''
  let at = 0
  for (const found of pattern.matchAll(part)) {
    if (found.index !== at) break
    at += found[0].length
    const [whole, escaped, negated, set] = found
    if (escaped !== undefined) source += literal(escaped)
    else if (whole.startsWith('*')) source += '[^/]*'
    else if (whole === '?') source += '[^/]'
    else if (set !== undefined) source += `[${negated}${set}]`
    else source += literal(whole)
  }
  try {
    if (at === pattern.length) return new RegExp(`^${source}$`, 'su')
  } catch {
    // A set that is none: told below.
  }
  throw new Problem(`'${text}' is no pattern`, { expected: 'a path, with *, ? or [a-z] in its last part' })
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
