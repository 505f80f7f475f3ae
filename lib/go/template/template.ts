// Go's text/template, with the functions that the template stages of Promtail and Alloy have.

import { TemplateCompiler, Run } from './compile.js'
import type { FunctionContext } from './function.js'
import { FUNCTIONS } from './functions/index.js'
import { parseTemplateText } from './parser.js'
import { type Dict, TemplateFault, type Value } from './value.js'

export interface TemplateLimits {
  /** Longest output, in characters. */
  max_output: number
  /** Most function calls, and turns of ranges. */
  max_steps: number
}

const LIMITS: TemplateLimits = { max_output: 1024 * 1024, max_steps: 10_000 }

/**
 * A template that fills in texts. It does what Go's does, bounded in output and steps, and has no way to reach anything
 * outside: no methods, no environment, no files, no network.
 */
export class Template {
  readonly #write: ReturnType<TemplateCompiler['nodes']>
  readonly #context: FunctionContext

  /**
   * @param name what messages call the template
   * @param millis the present, Unix milliseconds, for `now`
   * Throws a Problem with the place.
   */
  constructor(
    readonly text: string,
    name: string,
    millis: () => number,
    private readonly limits: TemplateLimits = LIMITS,
  ) {
    const { body, defined } = parseTemplateText(text, name, FUNCTIONS)
    this.#write = new TemplateCompiler(FUNCTIONS, defined).nodes(body)
    this.#context = {
      millis,
      make: (length) => {
        if (!(length <= limits.max_output)) throw new TemplateFault(`more than ${limits.max_output} characters (max_output)`)
      },
    }
  }

  /** The text; or why there is none, for this data. */
  fill(data: Dict): string | TemplateFault {
    const run = new Run(this.#context, this.limits.max_output, this.limits.max_steps)
    try {
      const given = new GivenData(data)
      this.#write(run, given, [given])
      return run.out
    } catch (error) {
      if (error instanceof TemplateFault) return error
      // Lists within lists, deeper than the stack.
      if (error instanceof RangeError) return new TemplateFault('values nested too deep')
      throw error
    }
  }
}

/** What a template is given to fill in; functions that change maps leave it as it is. */
class GivenData implements Dict {
  constructor(private readonly data: Dict) {}
  get size(): number {
    return this.data.size
  }
  get(name: string): Value {
    return this.data.get(name)
  }
  has(name: string): boolean {
    return this.data.has(name)
  }
  entries(): Iterable<[string, Value]> {
    return this.data.entries()
  }
}
