// Templates: what the parts of a dotted path are, as Telegraf and InfluxDB write them.

import { Problem } from '../../diag/problem.js'

/** What a template makes of a path. */
export interface Mapped {
  /** Parts of the metric's name. */
  readonly name: readonly string[]
  readonly labels: ReadonlyMap<string, string>
}

const EXPECTED = "'[FILTER ]PARTS', such as 'servers.* .host.measurement*'"
const NAME = 'measurement'
/** This part and all behind it. */
const REST = 'measurement*'

export class PathTemplate {
  readonly #filter: readonly string[] | null
  readonly #parts: readonly string[]

  /**
   * `FILTER PARTS` or `PARTS`, both dotted. A part of the filter is a word or `*`; it may be shorter than a path. A part
   * of the template is the name of a label, `measurement`, `measurement*` at its end, or nothing for what is left out.
   * Throws a Problem.
   */
  constructor(text: string) {
    const words = text.trim().split(/ +/)
    const parts = words.at(-1)!.split('.')
    const rest = parts.indexOf(REST)
    const wrong =
      words.length > 2 || !parts.some((part) => part === NAME || part === REST) || (rest >= 0 && rest < parts.length - 1)
    if (wrong) throw new Problem(`--template: '${text}' is not valid`, { expected: EXPECTED })
    this.#filter = words.length === 2 ? words[0].split('.') : null
    this.#parts = parts
  }

  /** null where the path is not one of those that the template is for. */
  apply(path: readonly string[]): Mapped | null {
    const filter = this.#filter
    if (filter !== null && (filter.length > path.length || filter.some((part, i) => part !== '*' && part !== path[i]))) return null
    const name: string[] = []
    const labels = new Map<string, string>()
    for (const [i, part] of this.#parts.entries()) {
      if (i >= path.length) break
      if (part === NAME) name.push(path[i])
      else if (part === REST) name.push(...path.slice(i))
      else if (part !== '') {
        const before = labels.get(part)
        labels.set(part, before === undefined ? path[i] : `${before}.${path[i]}`)
      }
    }
    // A path that is too short for its name keeps it.
    return { name: name.length === 0 ? path : name, labels }
  }
}
