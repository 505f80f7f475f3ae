// Lines of Graphite to samples.

import type { SourceContext } from '../component.js'
import type { Identity } from '../record/identity.js'
import { parseGraphite, splitPath } from '../wire/graphite/line.js'
import { PathTemplate } from '../wire/graphite/template.js'
import { Recent } from './recent.js'
import { Rows } from './rows.js'
import { seriesIdentity, type SeriesOptions } from './series.js'
import type { LineReader } from './socket_lines.js'

export interface GraphiteOptions extends SeriesOptions {
  readonly template: readonly string[]
  /** Series remembered. */
  readonly max_identities: number
}

export class GraphiteReader implements LineReader {
  /** By path; or what is wrong with it. */
  readonly #series: Recent<Identity | string>
  readonly #templates: readonly PathTemplate[]
  readonly #rows = new Rows()
  #now = '0'

  /** Throws a Problem for a template that is none. */
  constructor(
    private readonly options: GraphiteOptions,
    private readonly context: Pick<SourceContext, 'clock' | 'emit'>,
  ) {
    this.#series = new Recent(options.max_identities)
    this.#templates = options.template.map((text) => new PathTemplate(text))
  }

  begin(): void {
    this.#now = this.context.clock.now()
  }

  line(text: string): string | null {
    const point = parseGraphite(text)
    if (typeof point === 'string') return point
    const { path, value, ts } = point
    let series = this.#series.get(path)
    if (series === undefined) this.#series.set(path, (series = this.#identity(path)))
    if (typeof series === 'string') return series
    this.#rows.add(series, { ts: ts ?? this.#now, value })
    return null
  }

  pass(): void | Promise<void> {
    return this.#rows.pass(this.context)
  }

  #identity(path: string): Identity | string {
    const split = splitPath(path)
    if (typeof split === 'string') return split
    const parts = split.name.split('.')
    for (const template of this.#templates) {
      const mapped = template.apply(parts)
      if (mapped === null) continue
      const tags = new Map([...mapped.labels, ...split.tags])
      return seriesIdentity(mapped.name.join('.'), tags, 'gauge', this.options) ?? NAMELESS
    }
    return seriesIdentity(split.name, split.tags, 'gauge', this.options) ?? NAMELESS
  }
}

const NAMELESS = 'no name is left of the path'
