// What is to be followed: patterns with labels, from the command line or from targets that come and go.

import { Identity } from '../record/identity.js'
import { labelsOfMap } from '../record/labels.js'
import { exclusion, type Glob, globOf } from './glob.js'
import { Walk } from './walk.js'

/** Patterns whose files have labels in common. */
export class Target {
  readonly #walks: readonly Walk[]
  /** Whether its files were looked for before. */
  known = false
  gone = false

  /** @param tell told of folders that cannot be read. Throws a Problem */
  constructor(
    globs: readonly Glob[],
    exclude: readonly string[],
    private readonly labels: ReadonlyMap<string, string>,
    maxFolders: number,
    tell: (message: string) => void,
  ) {
    const excluded = exclude.map(exclusion)
    const leftOut = (path: string) => excluded.some((leaves) => leaves(path))
    this.#walks = globs.map((glob) => new Walk(glob, leftOut, maxFolders, tell))
  }

  /** Paths that match now. */
  *paths(now: number): Generator<string> {
    for (const walk of this.#walks) yield* walk.files(now)
  }

  /** That of the lines of a file. */
  identity(filename: string): Identity {
    return Identity.of('log', '', labelsOfMap(new Map([['filename', filename], ...this.labels])))
  }
}

/** The pattern of a target record, with what its labels say beside. Throws a Problem. */
export function targetOf(
  labels: ReadonlyMap<string, string>,
  more: ReadonlyMap<string, string>,
  exclude: readonly string[],
  maxFolders: number,
  tell: (message: string) => void,
): Target {
  const own = new Map(more)
  for (const [name, value] of labels) if (!name.startsWith('__') || name === '__tenant_id__') own.set(name, value)
  const left = labels.get('__path_exclude__')
  const excluded = left === undefined || left === '' ? exclude : [...exclude, left]
  return new Target([globOf(labels.get('__path__') ?? '')], excluded, own, maxFolders, tell)
}
