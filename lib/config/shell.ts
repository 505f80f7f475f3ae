// Pipes as a shell would join them: scripts that run as they are printed.

import { type Inlet, nameOf, type Pipe, type PipeStage } from '../pipeline/model.js'
import type { Text } from '../pipeline/text.js'

/** Gives each secret that stands in a file a variable of its own. */
export type Ask = () => string

/** A word for a shell: what must be quoted is, and secrets are looked up where they are. */
function shellWord(text: Text, ask: Ask): string {
  const parts = text.shown().map((part) => {
    if (typeof part === 'string') return quoted(part)
    const { reference } = part
    if (reference === null) return `"\${${ask()}:?stands in the pipeline file}"`
    const [, kind, rest] = /^(file|env):(.*)$/s.exec(reference)!
    if (kind === 'file') return `"$(cat ${quoted(rest)})"`
    return /^[A-Za-z_]\w*$/.test(rest) ? `"$${rest}"` : `"$(printenv ${quoted(rest)})"`
  })
  return parts.join('') || "''"
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** The command of a stage. */
function commandOf(stage: PipeStage, ask: Ask): string {
  const words = stage.words.map((word) => shellWord(word, ask))
  return (stage.kind === 'program' ? words : ['solder', nameOf(stage), ...words]).join(' ')
}

/** Where a pipe parts: a named pipe for each branch, and for each pipe that reads it. */
export interface Ends {
  readonly branches: readonly string[]
  /** By the name of the reader. */
  readonly readers: ReadonlyMap<string, string>
}

/** The named pipes of pipes that part; a pipe with one way out has none. */
export function endsOf(pipes: readonly Pipe[]): Map<string, Ends> {
  const names = new Set(pipes.map(({ name }) => name))
  return new Map(
    pipes.flatMap(({ name, to, readers }) => {
      const known = readers.filter((reader) => names.has(reader))
      if (to.length + known.length < 2 && known.length === 0) return []
      const end = (n: number) => `"$dir/${name}.${n + 1}"`
      const branches = to.map((_, i) => end(i))
      return [[name, { branches, readers: new Map(known.map((reader, i) => [reader, end(to.length + i)])) }] as const]
    }),
  )
}

/** The pipelines of a pipe: the one that ends it, or parts, last. */
export function pipelinesOf(pipe: Pipe, ends: ReadonlyMap<string, Ends>, ask: Ask): string[] {
  const commands = (stages: readonly PipeStage[]) => stages.map((stage) => commandOf(stage, ask))
  const own = ends.get(pipe.name)
  const branches = own === undefined ? [] : pipe.to.map((branch, i) => chained(commands(branch), own.branches[i]))
  const tail = own === undefined ? commands(pipe.to.flat()) : [teeOf(own)]
  const through = [...commands(pipe.through), ...tail]
  const [inlet] = pipe.from
  const input = (from: Inlet) => (from.pipe === null ? null : ends.get(from.pipe)!.readers.get(pipe.name)!)
  if (pipe.from.length === 1) return [...branches, chained([...commands(inlet.stages), ...through], input(inlet))]
  // A line that is written in one piece is not torn by another writer.
  const whole = "grep -a --line-buffered ''"
  const inlets = pipe.from.map((from) => {
    const lines = chained([...commands(from.stages), whole], input(from))
    return `  ${lines.replaceAll('\n', '\n  ')} &`
  })
  return [...branches, ['{', ...inlets, '  wait', `} | ${chained(through, null)}`].join('\n')]
}

function teeOf({ branches, readers }: Ends): string {
  const all = [...branches, ...readers.values()]
  return all.length === 1 ? `cat > ${all[0]}` : `tee ${all.slice(0, -1).join(' ')} > ${all[all.length - 1]}`
}

/** Commands joined, one a line, the first reading a named pipe if there is one. */
function chained([first, ...rest]: readonly string[], input: string | null): string {
  return [input === null ? first : `${first} < ${input}`, ...rest].join(' |\n  ')
}

/** A script of pipelines: one alone in the foreground, several side by side. */
export function scriptOf(
  pipelines: readonly (readonly [comment: string, lines: readonly string[]])[],
  ends: ReadonlyMap<string, Ends>,
): string {
  const count = pipelines.reduce((sum, [, lines]) => sum + lines.length, 0)
  const named = [...ends.values()].flatMap(({ branches, readers }) => [...branches, ...readers.values()])
  const head =
    named.length === 0 ? [] : ['dir=$(mktemp -d) && trap \'rm -r "$dir"\' EXIT', `mkfifo ${named.join(' ')}`, '']
  const end = count > 1 ? ' &\n' : '\n'
  const body = pipelines.map(([comment, lines]) => comment + lines.map((line) => line + end).join(''))
  return [...head.map((line) => `${line}\n`), body.join('\n'), ...(count > 1 ? ['\nwait\n'] : [])].join('')
}
