// argv -> component -> run; the one catch, the one exit.

import { findEntry, parseInput } from './cli/command.js'
import { type Catalogue, loadComponent } from './component.js'
import { EXIT } from './diag/problem.js'
import { stderr } from './io/log.js'
import { Output } from './io/output.js'
import { report } from './io/report.js'
import { runStage } from './io/run.js'

/** Runs a command line and ends the process. */
export async function main(words: readonly string[], catalogue: Catalogue): Promise<never> {
  let code: number
  try {
    code = await run(words, catalogue)
  } catch (error) {
    code = report(error, nameOf(words))
  }
  // What was written has left: outputs are flushed by whoever wrote.
  process.exit(code)
}

async function run(words: readonly string[], catalogue: Catalogue): Promise<number> {
  const first = words[0]
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    const { overview } = await import('./cli/help.js')
    await print(await overview(catalogue))
    return first === undefined ? EXIT.usage : EXIT.done
  }
  if (first === '--version') {
    const { version } = await import('./io/version.js')
    await print(`solder ${version()}\n`)
    return EXIT.done
  }
  const { entry, rest } = findEntry(catalogue, words)
  const component = await loadComponent(entry)
  if (asksForHelp(rest)) {
    const { helpOf } = await import('./cli/help.js')
    await print(helpOf(component))
    return EXIT.done
  }
  const input = parseInput(component, rest)
  if (component.role !== 'tool') return runStage(component, input)
  const output = new Output(1)
  const log = { debug: () => {}, info: stderr, warn: stderr, error: stderr }
  const code = await component.run(input, { print: (text) => output.text(text), log }, catalogue)
  await output.flush()
  return code
}

function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  return (end < 0 ? words : words.slice(0, end)).some((word) => word === '--help' || word === '-h')
}

async function print(text: string): Promise<void> {
  const output = new Output(1)
  void output.text(text)
  await output.flush()
}

/** `solder write prometheus`, as far as the words name a command. */
function nameOf(words: readonly string[]): string {
  return ['solder', ...words.slice(0, 2).filter((word) => /^[a-z]+$/.test(word))].join(' ')
}
