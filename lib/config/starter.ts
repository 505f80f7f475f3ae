// A pipeline file to start from: the stages of a pipe as maps, with what they do and what else they can be told.

import type { StageComponent } from '../component.js'
import { Problem } from '../diag/problem.js'
import { argumentKey, type OptionSpec, type OptionTable } from '../option/table.js'
import { givenIn } from '../pipeline/given.js'
import { type Language as WordLanguage, planPipe } from '../pipeline/plan.js'
import { splitPipe } from '../pipeline/words.js'
import type { Yaml } from './document.js'
import type { Language } from './language.js'

const HEAD = `# A pipeline: 'solder check FILE' tells what is wrong with it, 'solder explain FILE' prints it as shell pipelines,
# 'solder run FILE' runs it.
version: 1

# Values for expressions. In texts, \${let.site}, \${env.NAME}, \${file("path")} and \${secret("env:NAME")} are filled in.
# let:
#   site: attic
`

/** A file with one pipe. Throws the problems of its words, with their places in the text. */
export async function starterFile(text: string, name: string, language: Language): Promise<string> {
  const yaml = await import('yaml')
  const source = { name: 'PIPE', text }
  const planned = await planPipe(source, language satisfies WordLanguage)
  const components = planned.map(({ component }) => component)
  const [first] = components
  const last = components[components.length - 1]
  if (first.role !== 'source') {
    throw new Problem(`nothing comes into '${first.name}'`, { expected: 'a source as the first stage' })
  }
  if (last.role !== 'sink') {
    const expected = 'a sink as the last stage, such as write file PATH'
    throw new Problem(`nothing takes what comes out of '${last.name}'`, { expected })
  }
  const words = splitPipe(source).map((stage) => stage.map((word) => word.text))
  const stages = components.map((component, i) => {
    const own = words[i].slice(component.name.split(' ').length)
    return stageLines(yaml, component, own, language.options(component))
  })
  const lines = ['pipes:', `  ${name}:`, '    from:', ...listed(stages.slice(0, 1))]
  if (stages.length > 2) lines.push('    through:', ...listed(stages.slice(1, -1)))
  lines.push('    to:', ...listed(stages.slice(-1)))
  return `${HEAD}\n${lines.join('\n')}\n`
}

/** Stages as elements of a list. */
function listed(stages: readonly (readonly string[])[]): string[] {
  return stages.flatMap((lines) => lines.map((line, i) => `      ${i === 0 ? '- ' : '    '}${line}`))
}

/** The name of a stage, and the lines below it. */
function stageLines(yaml: Yaml, component: StageComponent, words: readonly string[], table: OptionTable): string[] {
  const given = givenIn(table, words)
  const keys = new Map<string, unknown>()
  component.args.forEach((arg, i) => {
    const values = given.args.slice(i, arg.variadic === true ? undefined : i + 1).map((index) => words[index])
    if (values.length > 0) keys.set(argumentKey(arg), values.length === 1 ? values[0] : values)
  })
  for (const { key, value, from, on } of given.options) {
    const text = value === null ? on : words[value].slice(from)
    keys.set(key, joined(table[key], keys.get(key), text))
  }
  const more = Object.entries(component.options).filter(([key, spec]) => !keys.has(key) && spec.group === undefined)
  const hints = more.map(([key, spec]) => `# ${key}: ${exampleOf(spec)} # ${spec.help}`)
  const about = `# ${component.summary}: solder ${component.name} --help`
  return [`${component.name}:`, about, ...lineList(yaml, Object.fromEntries(keys)), ...hints]
}

/** Keys as lines of YAML; what looks like an expression is text. */
function lineList(yaml: Yaml, keys: object): string[] {
  if (Object.keys(keys).length === 0) return []
  return yaml
    .stringify(keys, { lineWidth: 0 })
    .trimEnd()
    .replaceAll('${', () => '$${')
    .split('\n')
}

/** Several uses of an option as one value. */
function joined(spec: OptionSpec, before: unknown, text: string | boolean): unknown {
  if (spec.type === 'list') return [...((before as readonly string[] | undefined) ?? []), text]
  if (spec.type !== 'map' || typeof text !== 'string') return text
  const at = text.indexOf('=')
  return { ...(before as object | undefined), [text.slice(0, at)]: text.slice(at + 1) }
}

/** What the key of an option that nobody gave may hold. */
function exampleOf(spec: OptionSpec): string {
  if ('default' in spec && spec.default !== undefined && !Array.isArray(spec.default)) return String(spec.default)
  if (spec.type === 'bool') return 'false'
  if (spec.type === 'list') return '[]'
  if (spec.type === 'map') return '{}'
  return spec.value ?? spec.type.toUpperCase()
}
